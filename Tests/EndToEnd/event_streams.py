"""Reads event streams as a client does: by the specification, one line at a time."""

import dataclasses
import http.client
import time

from processes import PATIENCE_SECONDS


@dataclasses.dataclass
class Event:
    type: str
    data: str
    id: str


class Stream:
    """An open stream. Reading waits for what is to come; it fails after a time of silence."""

    def __init__(self, port, path="/sse", headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        self.connection.request("GET", path, headers={"Accept": "text/event-stream"} | (headers or {}))
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.headers = self.response.headers
        self.last_event_id = ""
        self.retry = None
        self.comments = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.response.close()
        self.connection.close()

    def line(self):
        """The next line without its end; None at the end of the stream."""
        line = self.response.readline()
        if not line:
            return None
        assert line.endswith(b"\n"), f"the stream is cut in the middle of {line!r}"
        return line[:-1].decode()

    def event(self):
        """The next event; None at the end of the stream."""
        type_, data, id_ = "message", [], self.last_event_id
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            # Comments keep a silent stream from running into the socket's timeout.
            assert time.monotonic() < deadline, f"no event in {PATIENCE_SECONDS} s"
            line = self.line()
            if line is None:
                return None
            if line == "":
                self.last_event_id = id_
                if data:
                    return Event(type_, "\n".join(data), id_)
                type_ = "message"
                continue
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "":
                self.comments.append(value)
            elif field == "event":
                type_ = value
            elif field == "data":
                data.append(value)
            elif field == "id":
                id_ = value
            elif field == "retry":
                self.retry = int(value)

    def events(self, count):
        return [self.event() for _ in range(count)]

    def data(self, count):
        """The data of the next events."""
        return [event.data for event in self.events(count)]

    def rest(self):
        """Everything up to the end of the stream."""
        return list(iter(self.event, None))
