"""A site that does what a script says, one connection after the other, to see how a client bears it."""

import re
import socket
import threading


class ScriptedSite:
    """Answers the n-th request with the n-th of `answers`, the last one for all that follow.

    An answer is bytes that are sent before the connection is closed, or a callable that gets the socket.
    """

    def __init__(self, *answers, tls=None):
        """`tls`: an SSLContext with a certificate; without it the site is plain HTTP."""
        self.answers = list(answers)
        self.tls = tls
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.connections:
            connection.close()

    @property
    def address(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            try:
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                self.connections.append(connection)
                self.serve(connection)
            except OSError:
                connection.close()

    def serve(self, connection):
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(65536)
            if not part:
                return
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        while length and len(body) < int(length.group(1)):
            body += connection.recv(65536)
        self.requests.append((head.decode(), body.decode()))
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if callable(answer):
            answer(connection)
        else:
            connection.sendall(answer)
            connection.close()


def answer(status, body, content_type="application/json", **headers):
    """The bytes of a whole answer."""
    lines = [f"HTTP/1.1 {status} x", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines + ["", body]).encode()


def stream(text, content_type="text/event-stream"):
    """A stream that the connection's end ends cleanly."""
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nConnection: close\r\n\r\n{text}".encode()


def broken_stream(text):
    """A stream whose connection breaks in the middle."""
    return (
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        f"{len(text.encode()):x}\r\n{text}\r\n"
    ).encode()
