"""A hub that does what a script says, to see whether the load generator notices."""

import random
import re
import socket
import threading
import time

from loopback_server import LoopbackServer, read_request


class ScriptedHub(LoopbackServer):
    """Makes the events of a run, as the load generator's --generate-url asks for them.

    script(stream, events) gets the number of a stream and its events, as pairs of event number and
    id, and returns those that the stream shows; None instead of a pair ends the stream.
    """

    def __init__(self, script=lambda stream, events: events, piece_bytes=None, delay_seconds=0.0):
        self.script = script
        self.piece_bytes = piece_bytes
        self.delay_seconds = delay_seconds
        self.begun = threading.Event()
        self.stream_count = 0
        self.lock = threading.Lock()
        super().__init__()

    def serve(self, connection):
        request = read_request(connection)
        if request and request[0].startswith(b"POST"):
            self.begin(*request)
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        elif request:
            self.stream(connection)

    def begin(self, head, sample):
        match = re.search(rb"rate=([\d.]+)&count=(\d+)", head)
        self.rate, self.count = float(match.group(1)), int(match.group(2))
        self.sample = sample
        self.start = int(sample[24:43])
        self.begun.set()

    def block(self, number, event_id):
        due = self.start + int(number * 1e9 / self.rate)
        data = self.sample[:14] + b"%09d %019d" % (number, due) + self.sample[43:]
        return b"data: " + data + b"\nid: 00000000-%d\n\n" % event_id

    def stream(self, connection):
        with self.lock:
            stream = self.stream_count
            self.stream_count += 1
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.send(connection, b"retry: 2000\n")
        self.begun.wait()
        last = self.start / 1e9 + self.count / self.rate
        time.sleep(max(0, last - time.monotonic()) + self.delay_seconds)
        shown = self.script(stream, [(number, number + 1) for number in range(self.count)])
        self.send(connection, b"".join(self.block(*pair) for pair in shown if pair))
        if None in shown:
            connection.sendall(b"0\r\n\r\n")

    def send(self, connection, content):
        """In chunks and writes that have nothing to do with each other, where pieces are wanted."""
        if not self.piece_bytes:
            connection.sendall(b"%x\r\n%s\r\n" % (len(content), content))
            return
        chunked = b""
        while content:
            count = random.randint(1, self.piece_bytes)
            chunked += b"%x\r\n%s\r\n" % (len(content[:count]), content[:count])
            content = content[count:]
        while chunked:
            count = random.randint(1, self.piece_bytes)
            connection.sendall(chunked[:count])
            chunked = chunked[count:]
            # Else the kernel puts them together again.
            time.sleep(0.0002)
