"""What many batches at once take in memory."""

import contextlib
import fcntl
import json
import selectors
import socket
import time

from processes import PATIENCE_SECONDS
from test_batches import NDJSON, lines, memory


def test_long_lines_of_many_senders_take_bounded_memory_and_some_are_told_to_come_later(site):
    before = memory(site.weir.pid)
    begin = b'{"message":"' + b"x" * (3900 << 10)
    senders = []
    with contextlib.ExitStack() as stack:
        for _ in range(36):
            sender = stack.enter_context(socket.create_connection(("127.0.0.1", site.port)))
            sender.settimeout(PATIENCE_SECONDS)
            sender.sendall(
                b"POST /publish HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                b"Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"%x\r\n%s\r\n" % (len(begin), begin))
            senders.append(sender)
        # An event that is published meanwhile shows that all of it was taken in.
        assert site.publish("meanwhile").status == 200
        assert memory(site.weir.pid) - before < 120 << 20
        codes = []
        for sender in senders:
            sender.sendall(b'3\r\n"}\n\r\n0\r\n\r\n')
        for sender in senders:
            answer = b""
            while piece := sender.recv(1 << 16):
                answer += piece
            reply = answer.partition(b"\r\n\r\n")[2]
            text = json.loads(reply[reply.index(b"{"):reply.rindex(b"}") + 1])
            codes.append(text["errors"][0]["code"] if text["rejected"] else "accepted")
    assert set(codes) == {"accepted", "queue_busy"}, codes
    assert 12 <= codes.count("accepted") < 30, codes


def test_all_batches_together_take_bounded_memory_while_the_disk_stands_still(site):
    """Their senders wait; nothing is refused."""
    count = 256
    body = lines("x" * 60_000).encode() * 8
    head = (f"POST /publish HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {NDJSON}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    rests, answers = {}, []

    def send(sender):
        with contextlib.suppress(BlockingIOError):
            rests[sender] = rests[sender][sender.send(rests[sender]):]
        if not rests[sender]:
            selector.modify(sender, selectors.EVENT_READ)

    before = memory(site.weir.pid)
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        lock = stack.enter_context(open(site.queue / "lock", "r+b"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        for _ in range(count):
            sender = stack.enter_context(socket.create_connection(("127.0.0.1", site.port)))
            sender.setblocking(False)
            rests[sender] = memoryview(head + body)
            selector.register(sender, selectors.EVENT_WRITE)
        # weir waits for the lock for five seconds.
        end = time.monotonic() + 2
        while (rest := end - time.monotonic()) > 0:
            for key, _ in selector.select(rest):
                send(key.fileobj)
        assert memory(site.weir.pid) - before < 100 << 20
        fcntl.flock(lock, fcntl.LOCK_UN)
        while selector.get_map():
            for key, events in selector.select(PATIENCE_SECONDS):
                if events & selectors.EVENT_WRITE:
                    send(key.fileobj)
                else:
                    answers.append(key.fileobj.recv(1 << 16))
                    selector.unregister(key.fileobj)
    assert [b'"accepted":8,' in answer for answer in answers] == [True] * count, answers[0]
