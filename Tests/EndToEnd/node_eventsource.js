// Prints what Debian's node-eventsource hands on: [type, data, id], a line each; ends where it gives up.
const EventSource = require("eventsource");
const [address, lastID, ...types] = process.argv.slice(2);
const source = new EventSource(address, lastID ? { headers: { "Last-Event-ID": lastID } } : {});
for (const type of types) {
  source.addEventListener(type, (event) => {
    console.log(JSON.stringify([event.type, event.data, event.lastEventId]));
  });
}
source.onerror = () => {
  if (source.readyState === EventSource.CLOSED) process.exit(0);
};
