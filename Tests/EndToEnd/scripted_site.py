"""A site that does what a script says, one connection after the other, to see how a client bears it."""

from loopback_server import LoopbackServer, read_request


class ScriptedSite(LoopbackServer):
    """Answers the n-th request with the n-th of `answers`, the last one for all that follow.

    An answer is bytes that are sent before the connection is closed, or a callable that gets the socket.
    """

    def __init__(self, *answers, tls=None):
        """`tls`: an SSLContext with a certificate; without it the site is plain HTTP."""
        self.answers = list(answers)
        self.tls = tls
        self.requests = []
        super().__init__()

    @property
    def address(self):
        return super().address.replace("http:", "https:" if self.tls else "http:")

    def serve(self, connection):
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True)
            self.connections.append(connection)
        request = read_request(connection)
        if not request:
            return
        self.requests.append((request[0].decode(), request[1].decode()))
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
