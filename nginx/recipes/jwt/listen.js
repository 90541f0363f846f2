/**
 * Listens to a topic with tokens of a login service.
 *
 * From its first `weir.live` on nothing is missed: when a stream ends, with its token or for another reason, the
 * next one goes on behind the last event.
 *
 * @param topic A topic or a pattern.
 * @param token Gives a token that is good now: `async () => …`.
 * @param hear  Is called with each event (a MessageEvent).
 * @param types The events to hear, `message` for those without a name.
 * @returns Ends it.
 */
export function listen(topic, token, hear, types = ["message"]) {
  let lastID = "", source, timer, isOver = false;

  async function open() {
    let ticket;
    try {
      const headers = {Authorization: `Bearer ${await token()}`};
      const answer = await fetch("/sse/ticket", {method: "POST", headers});
      if (!answer.ok) throw new Error((await answer.json()).detail);
      ({ticket} = await answer.json());
    } catch (error) {
      console.warn("weir:", error.message);
      return again(2000);
    }
    if (isOver) return;
    const query = new URLSearchParams({topic, ticket, last_event_id: lastID, signals: "live,heartbeat"});
    source = new EventSource(`/sse?${query}`);
    let pause = 2000;
    const note = (event) => { lastID = event.lastEventId; };
    source.addEventListener("weir.live", (event) => { note(event); pause = 0; });
    source.addEventListener("weir.heartbeat", note);
    for (const type of ["weir.gap", ...types]) {
      source.addEventListener(type, (event) => { note(event); hear(event); });
    }
    // A ticket is good for one stream: the browser's own next try would be refused.
    source.onerror = () => { source.close(); again(pause); };
  }

  // Not all pages at the same moment.
  function again(pause) {
    if (!isOver) timer = setTimeout(open, pause + 500 * Math.random());
  }

  open();
  return () => { isOver = true; clearTimeout(timer); source?.close(); };
}
