"""What the servers of tests have in common that are neither weir nor nginx."""

import re
import socket
import threading


class LoopbackServer:
    """Listens on a free port of this machine, and serves each connection on a thread of its own."""

    def __init__(self):
        self.connections = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.connections:
            connection.close()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.try_to_serve, args=(connection,), daemon=True).start()

    def try_to_serve(self, connection):
        try:
            self.serve(connection)
        except OSError:
            connection.close()


def read_request(connection):
    """The head and the body of a request, as bytes; None where the connection ends before."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return None
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length.group(1)):
        part = connection.recv(65536)
        if not part:
            return None
        body += part
    return head, body
