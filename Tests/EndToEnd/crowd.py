"""Very many EventSources in one thread: each comes back after `retry:`, with the last id it saw."""

import errno
import heapq
import selectors
import socket
import threading
import time

from processes import PATIENCE_SECONDS, wait_until


class Listener:
    """One EventSource of the crowd."""

    def __init__(self):
        self.socket = None
        self.received = b""
        self.is_in_body = False
        self.has_refusal = False
        self.retry_seconds = 3.0
        self.last_id = ""
        self.sequence = 0
        self.block = []


class Crowd(threading.Thread):
    """Listens on a path with so many streams until it is stopped.

    It asks with HTTP/1.0, whose answers end with the connection, and knows of each stream that every
    event's sequence follows the one before: the path's topic has to be the only one of the queue.
    """

    def __init__(self, port, count, path="/sse"):
        super().__init__(daemon=True)
        self.address = ("127.0.0.1", port)
        self.path = path
        self.listeners = [Listener() for _ in range(count)]
        self.selector = selectors.EpollSelector()
        self.due = [(0.0, index) for index in range(count)]
        self.is_stopped = False
        # What must not happen, in words.
        self.complaints = []
        self.opened_count = 0
        self.turned_away_count = 0
        self.failure = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_stopped = True
        self.join()
        for listener in self.listeners:
            if listener.socket:
                listener.socket.close()
        self.selector.close()

    @property
    def open_count(self):
        """Streams that have had their first line and have not ended."""
        return sum(listener.is_in_body and not listener.has_refusal for listener in self.listeners)

    def wait_for(self, sequence, seconds=PATIENCE_SECONDS):
        """Waits until every stream has the event of a sequence; returns how long that took."""
        begin = time.monotonic()
        while True:
            assert self.failure is None, self.failure
            missing = sum(listener.sequence < sequence for listener in self.listeners)
            if not missing:
                return time.monotonic() - begin
            assert time.monotonic() - begin < seconds, f"{missing} streams are without {sequence}"
            time.sleep(0.005)

    def wait_until_open(self):
        wait_until(lambda: self.open_count == len(self.listeners) or self.failure, "all streams")
        assert self.failure is None, self.failure

    # --- The thread ---

    def run(self):
        try:
            while not self.is_stopped:
                now = time.monotonic()
                # In small parts, so that open streams are read meanwhile.
                for _ in range(200):
                    if not self.due or self.due[0][0] > now:
                        break
                    self.connect(heapq.heappop(self.due)[1])
                rest = self.due[0][0] - now if self.due else 0.05
                for key, _ in self.selector.select(min(max(rest, 0), 0.05)):
                    self.read(key.data)
        except BaseException as failure:  # Told by the test, which would not see it otherwise.
            self.failure = failure

    def connect(self, index):
        listener = self.listeners[index]
        listener.received, listener.is_in_body, listener.has_refusal = b"", False, False
        listener.block = []
        listener.socket = socket.socket()
        try:
            listener.socket.connect(self.address)
            known = f"Last-Event-ID: {listener.last_id}\r\n" if listener.last_id else ""
            listener.socket.sendall(
                f"GET {self.path} HTTP/1.0\r\nHost: localhost\r\n{known}\r\n".encode()
            )
        except OSError as error:
            assert error.errno in (errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE), error
            return self.come_back(index)
        listener.socket.setblocking(False)
        self.selector.register(listener.socket, selectors.EVENT_READ, index)

    def come_back(self, index):
        listener = self.listeners[index]
        listener.socket.close()
        listener.socket, listener.is_in_body = None, False
        heapq.heappush(self.due, (time.monotonic() + listener.retry_seconds, index))

    def read(self, index):
        listener = self.listeners[index]
        try:
            data = listener.socket.recv(65536)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if not data:
            self.selector.unregister(listener.socket)
            if not listener.is_in_body:
                self.turned_away_count += 1
            return self.come_back(index)
        listener.received += data
        if not listener.is_in_body:
            head, separator, body = listener.received.partition(b"\r\n\r\n")
            if not separator:
                return
            if b" 200 " not in head[:20] or b"Content-Type: text/event-stream" not in head:
                self.complaints.append(head.decode())
            listener.received, listener.is_in_body = body, True
            self.opened_count += 1
        lines = listener.received.split(b"\n")
        listener.received = lines.pop()
        for line in lines:
            self.take(listener, line)

    def take(self, listener, line):
        if line:
            listener.block.append(line)
            if line.startswith(b"retry: "):
                listener.retry_seconds = int(line[7:]) / 1000
            return
        block, listener.block = listener.block, []
        # nginx says a time where a stream has no id yet.
        ids = [line[4:].decode() for line in block
               if line.startswith(b"id: ") and not line.startswith(b"id: @")]
        if b"event: weir.gap" in block:
            self.complaints.append(f"a gap after {listener.last_id}: {block}")
        if not ids:
            # The stream that nginx makes up while weir is away.
            listener.has_refusal = listener.has_refusal or block and block[0].startswith(b"retry: ")
            return
        listener.last_id = ids[-1]
        sequence = int(ids[-1].split("-")[1])
        if any(line.startswith(b"data: ") for line in block):
            if listener.sequence and sequence != listener.sequence + 1:
                self.complaints.append(f"{sequence} after {listener.sequence}")
        listener.sequence = sequence
