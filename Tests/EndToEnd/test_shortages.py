"""What runs short or stands still around weir: descriptors, whoever reads its log, the queue's lock."""

import concurrent.futures
import fcntl
import os
import resource
import socket
import subprocess
import time

import pytest

from processes import PATIENCE_SECONDS, end, start, wait_until, weir, weir_program

SYSTEM_ERROR = 71


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")")[-1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


class Limit:
    """Leaves a process no descriptor more than it has.

    Its first three stay taken; with a limit of three no number above them is
    given out, also where one becomes free or was free for a moment.
    """

    def __init__(self, process):
        self.process = process

    def __enter__(self):
        self.before = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (3, self.before[1]))

    def __exit__(self, *_):
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, self.before)


def test_events_that_cannot_be_read_for_want_of_descriptors_come_later_and_cost_nothing(site):
    with site.stream() as stream:
        site.wait_for_log("stream opened")
        with Limit(site.weir):
            weir("publish", "--queue", site.queue, "late")
            line = site.wait_for_log("the queue cannot be read")
            assert "ulimit -n" in line
            before = processor_seconds(site.weir)
            time.sleep(1)
            assert processor_seconds(site.weir) - before < 0.3
            assert site.count_log("the queue cannot be read") == 1
        assert stream.event().data == "late"
        site.publish_all(["next"])
        assert stream.event().data == "next"


def test_connections_that_wait_for_descriptors_are_told_once_and_served_later(site):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        with Limit(site.weir):
            waiting = [pool.submit(site.stream) for _ in range(3)]
            assert "ulimit -n" in site.wait_for_log("connections wait")
            time.sleep(0.5)
            assert site.count_log("connections wait") == 1
        for stream in waiting:
            stream.result().close()


@pytest.mark.parametrize("count", [*range(6, 34, 2)])
def test_with_few_descriptors_weir_serves_or_says_what_it_needs(state, count):
    with open(state / "log", "wb") as log:
        process = start(
            weir_program(), "serve", "--queue", state / "queue", "--socket", state / "s",
            stderr=log, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count)),
        )

    def said():
        return (state / "log").read_text()

    wait_until(lambda: process.poll() is not None or "serving" in said(), "weir")
    if process.poll() is not None:
        assert process.returncode == SYSTEM_ERROR
        assert "ulimit -n" in said()
        return
    try:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(state / "s"))
            # FCGI_GET_VALUES; the answer shows that a front is at work.
            peer.sendall(bytes([1, 9, 0, 0, 0, 0, 0, 0]))
            peer.settimeout(0.1)

            def served():
                try:
                    return peer.recv(1) == b"\x01"
                except TimeoutError:
                    return False

            wait_until(lambda: served() or "ulimit -n" in said(), "an answer or a warning")
    finally:
        assert end(process) == 0


def test_a_log_that_nobody_reads_holds_nothing_up_and_tells_what_it_lost(make_site):
    site = make_site()
    end(site.weir)
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    try:
        site.weir = start(
            weir_program(), "serve", "--queue", site.queue, "--socket", site.folder / "weir.sock",
            "--log-level", "trace", stderr=writer,
        )
        os.close(writer)
        wait_until(site.is_up, "weir")
        with site.stream() as live:
            # More lines than the pipe (64 KiB) and the buffer (256 KiB) hold.
            for number in range(1200):
                with site.stream(f"/sse/{'x' * 250}"):
                    pass
            site.publish_all(["still there"])
            assert live.event().data == "still there"
            assert site.weir.poll() is None

            def read():
                try:
                    return os.read(reader, 1 << 20).decode()
                except BlockingIOError:
                    return ""

            log = [""]

            def has_told():
                log[0] += read()
                return "log lines are lost" in log[0]

            wait_until(has_told, "the count of lost lines")
            # And nobody reads again.
            for number in range(1200):
                with site.stream(f"/sse/{'x' * 250}"):
                    pass
        begin = time.monotonic()
        assert end(site.weir) == 0
        assert time.monotonic() - begin < 10
    finally:
        os.close(reader)


def test_a_weir_that_can_take_no_more_connections_ends_and_says_why(state):
    with socket.socket(socket.AF_UNIX) as listener, open(state / "log", "wb") as log:
        listener.bind(str(state / "s"))
        listener.listen()
        process = start(
            weir_program(), "serve", "--queue", state / "queue", "--fd", "0",
            stdin=listener, stderr=log,
        )
        wait_until(lambda: "serving" in (state / "log").read_text(), "weir")
        # Not even weir can listen at it any more.
        listener.shutdown(socket.SHUT_RDWR)
        assert process.wait(PATIENCE_SECONDS) == SYSTEM_ERROR
    assert "a front cannot go on" in (state / "log").read_text()


@pytest.fixture
def held_lock(site):
    """Holds the queue's lock, as a stopped process would; gives what releases it."""
    with open(site.queue / "lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lambda: fcntl.flock(lock, fcntl.LOCK_UN)


def test_a_stop_while_a_publish_waits_ends_streams_at_once_and_answers_the_publisher(
    site, held_lock
):
    with concurrent.futures.ThreadPoolExecutor() as pool, site.stream() as stream:
        answer = pool.submit(site.publish, "waits")
        time.sleep(0.3)
        site.weir.terminate()
        assert stream.rest() == []
        assert not answer.done()
        held_lock()
        assert answer.result(PATIENCE_SECONDS).status == 200
        assert end(site.weir) == 0


def test_a_stop_waits_no_longer_than_five_seconds_for_a_lock(site, held_lock):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answers = [pool.submit(site.publish, "waits")]
        # These wait for the first one's batch, and get a turn of their own.
        time.sleep(0.3)
        answers += [pool.submit(site.publish, "waits too") for _ in range(5)]
        time.sleep(2)
        begin = time.monotonic()
        assert end(site.weir) == 0
        assert time.monotonic() - begin < 6.5
        assert {answer.result(PATIENCE_SECONDS).status for answer in answers} == {503}


def fastcgi_record(kind, content=b""):
    return bytes([1, kind, 0, 1, len(content) >> 8, len(content) & 255, 0, 0]) + content


def fastcgi_publish(message):
    body = b'{"message":"%s"}' % message
    variables = {
        "REQUEST_METHOD": "PUT", "SCRIPT_NAME": "/publish", "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
    }
    pairs = b"".join(
        bytes([len(name), len(value)]) + name.encode() + value.encode()
        for name, value in variables.items()
    )
    return (
        fastcgi_record(1, bytes([0, 1, 1, 0, 0, 0, 0, 0])) + fastcgi_record(4, pairs)
        + fastcgi_record(4) + fastcgi_record(5, body) + fastcgi_record(5)
    )


def test_a_publish_whose_sender_says_no_more_is_answered(site):
    with site.stream() as stream, socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PATIENCE_SECONDS)
        peer.connect(str(site.folder / "weir.sock"))
        peer.sendall(fastcgi_publish(b"half closed"))
        peer.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: peer.recv(1 << 16), b""))
        assert b"Status: 200" in answer and b'"durable"' in answer
        assert stream.event().data == "half closed"


@pytest.mark.parametrize("says_so_first", [False, True])
def test_a_publisher_that_leaves_while_its_publish_waits_costs_nothing(
    site, held_lock, says_so_first
):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(site.folder / "weir.sock"))
        peer.sendall(fastcgi_publish(b"left behind"))
        if says_so_first:
            peer.shutdown(socket.SHUT_WR)
        time.sleep(0.3)
    before = processor_seconds(site.weir)
    time.sleep(1)
    assert processor_seconds(site.weir) - before < 0.3
    with site.stream() as stream:
        held_lock()
        assert stream.event().data == "left behind"
