"use strict";

// The page shows so many of the newest events; older ones are dropped from it, not from the queue.
const EVENT_COUNT_MAXIMUM = 200;
// A stream that the browser has given up is opened anew after this.
const REOPEN_MILLISECONDS = 3000;
// What the demo's clock says.
const CLOCK = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

const page = new URLSearchParams(location.search);
const element = (selector) => document.querySelector(selector);

// EventSource hands events with a name only to those who listen for that name.
const names = new Set(["time", "weir.gap", ...page.getAll("event")]);
let source;
let lastEventId = "";

function streamAddress() {
  const query = new URLSearchParams();
  for (const topic of page.getAll("topic")) query.append("topic", topic);
  if (lastEventId) query.set("last_event_id", lastEventId);
  const text = query.toString();
  return text ? `/sse?${text}` : "/sse";
}

function showConnection(state, words) {
  const status = element("#connection");
  status.dataset.state = state;
  status.textContent = words;
}

function part(className, text) {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = text;
  return span;
}

function gapText(data) {
  try {
    const gap = JSON.parse(data);
    return `Events are missing here (${gap.reason}); the stream goes on with ${gap.oldest}.`;
  } catch {
    return "Events are missing here.";
  }
}

function show(event) {
  const isNew = event.lastEventId !== lastEventId;
  lastEventId = event.lastEventId;
  // The demo's clock has no id of its own. What it shows is the last one that the stream was told, which
  // need not be an event's.
  const isClock = event.type === "message" && (!isNew || CLOCK.test(event.data));
  if (isClock) {
    element("#clock").hidden = false;
    element("#clock span:last-child").textContent = event.data;
    return;
  }
  const isGap = event.type === "weir.gap";
  const item = document.createElement("li");
  if (isGap) item.className = "gap";
  if (event.type !== "message") item.append(part("type", event.type));
  item.append(part("data", isGap ? gapText(event.data) : event.data));
  item.append(part("id", event.lastEventId));
  const list = element("#events");
  list.prepend(item);
  while (list.childElementCount > EVENT_COUNT_MAXIMUM) list.lastElementChild.remove();
  element("#empty").hidden = true;
}

function listen() {
  const address = streamAddress();
  element("#address code").textContent = address;
  showConnection("connecting", "connecting");
  source = new EventSource(address);
  source.onopen = () => showConnection("open", "open");
  source.onmessage = show;
  for (const name of names) source.addEventListener(name, show);
  source.onerror = () => {
    if (source.readyState === EventSource.CONNECTING) {
      showConnection("reconnecting", "reconnecting");
      return;
    }
    // The browser does not come back by itself after an error status.
    showConnection("closed", "closed, trying again");
    source.close();
    setTimeout(listen, REOPEN_MILLISECONDS);
  };
}

function listenFor(name) {
  if (!name || name === "message" || names.has(name)) return;
  names.add(name);
  source?.addEventListener(name, show);
}

async function publish(form) {
  const content = { message: form.elements.message.value };
  for (const name of ["event", "topic"]) {
    if (form.elements[name].value) content[name] = form.elements[name].value;
  }
  listenFor(content.event);
  const output = element("#acknowledgement");
  delete output.dataset.failed;
  try {
    const response = await fetch("/publish", {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(content),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.detail);
    const place = answer.durable === "full" ? "On disk" : "Queued";
    output.textContent = `${place} as ${answer.id}, topic ${answer.topic}.`;
    form.elements.message.value = "";
    form.elements.message.focus();
  } catch (error) {
    output.dataset.failed = "";
    output.textContent = `Not published: ${error.message}`;
  }
}

element("#publish").addEventListener("submit", (event) => {
  event.preventDefault();
  publish(event.target);
});
element("#publish textarea").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    element("#publish").requestSubmit();
  }
});
element("#clear").addEventListener("click", () => {
  element("#events").replaceChildren();
  element("#empty").hidden = false;
});

if ("EventSource" in window) {
  listen();
} else {
  element("#unsupported").hidden = false;
  showConnection("closed", "not supported");
}
