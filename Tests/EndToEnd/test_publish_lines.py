"""`weir publish --lines`: each line of standard input is an event, as soon as it is there."""

import json
import signal
import socket
import subprocess
import threading
import time

import pytest

from loopback_server import LoopbackServer
from processes import PATIENCE_SECONDS, start, wait_until, weir, weir_program
from scripted_site import ScriptedSite, answer

OK, USAGE, DATA, NO_INPUT = 0, 64, 65, 66


class LossyProxy(LoopbackServer):
    """Hands connections on to a port, and cuts the first one when its request has gone through."""

    def __init__(self, port):
        self.server_port, self.count = port, 0
        super().__init__()

    def serve(self, connection):
        self.count += 1
        is_first = self.count == 1
        with connection, socket.create_connection(("127.0.0.1", self.server_port)) as server:
            threading.Thread(target=self.pump, args=(connection, server), daemon=True).start()
            if is_first:
                # The first bytes of the answer are taken and thrown away.
                server.recv(1)
                connection.shutdown(socket.SHUT_RDWR)
            else:
                self.pump(server, connection)

    @staticmethod
    def pump(source, sink):
        try:
            while part := source.recv(65536):
                sink.sendall(part)
        except OSError:
            pass


@pytest.fixture
def queue(state):
    assert weir("import", "-q", state / "q", stdin="").returncode == OK
    return state / "q"


def publish(*arguments, stdin):
    return subprocess.run(
        [weir_program(), "publish", *map(str, arguments)], input=stdin, capture_output=True, timeout=PATIENCE_SECONDS)


def events(queue):
    return [json.loads(line) for line in weir("export", "-q", queue).stdout.splitlines()]


def messages(queue):
    return [event["message"] for event in events(queue)]


def test_each_line_is_an_event_with_the_fields_of_the_options(queue):
    result = publish("-q", queue, "--lines", "-t", "a", "-t", "b", "--event", "log", stdin=b"one\r\n\nthree")
    assert result.returncode == OK, result.stderr
    assert result.stdout.decode().startswith("3 events published, ")
    assert messages(queue) == ["one", "", "three"]
    assert all(event["topics"] == ["a", "b"] and event["event"] == "log" for event in events(queue))


def test_a_line_is_published_before_the_next_one_is_there(site):
    with site.stream("/sse/build") as stream:
        process = start(
            weir_program(), "publish", "-q", site.queue, "-t", "build", "--lines", stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL)
        for text in ["first", "second"]:
            process.stdin.write(f"{text}\nunfinished ".encode())
            process.stdin.flush()
            assert stream.event().data.endswith(text)
        process.stdin.close()
        assert stream.event().data == "unfinished "
        assert process.wait(PATIENCE_SECONDS) == OK


def test_a_bad_line_is_told_by_its_number_and_stops_nothing(queue):
    result = publish("-q", queue, "--lines", stdin=b"one\n\xff\nthree\n" + b"x" * (5 << 20) + b"\nfive\n")
    assert result.returncode == DATA
    assert b"line 2: it is not UTF-8" in result.stderr and b"line 4: it is longer" in result.stderr
    assert b"2 events refused" in result.stderr
    assert messages(queue) == ["one", "three", "five"]


def test_the_end_of_the_lines_can_be_the_end_of_the_topic(queue):
    assert publish("-q", queue, "-t", "build", "--lines", "--end", stdin=b"one\ntwo\n").returncode == OK
    assert [(event["message"], event.get("end", False)) for event in events(queue)] == [
        ("one", False), ("two", False), ("", True)]


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_publishes_what_was_read_and_ends_as_the_signal_says(queue, signal_number):
    process = start(weir_program(), "publish", "-q", queue, "--lines", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b"one\ntwo\nthr")
    process.stdin.flush()
    wait_until(lambda: messages(queue) == ["one", "two"], "two lines")
    process.send_signal(signal_number)
    # What the other end of the pipe has to say as it ends is taken, too.
    process.stdin.write(b"ee\nlast words")
    process.stdin.flush()
    assert process.wait(PATIENCE_SECONDS) == -signal_number
    assert process.stdout.read().startswith(b"4 events published")
    process.stdin.close()
    process.stdout.close()
    assert messages(queue) == ["one", "two", "three", "last words"]


def test_options_that_mean_nothing_for_many_events_are_refused(queue):
    for arguments in [["--key", "k"], ["text"], ["--ndjson"]]:
        result = publish("-q", queue, "--lines", *arguments, stdin=b"")
        assert result.returncode == USAGE, arguments
    for arguments in [["--end"], ["--delay", "1h"]]:
        assert publish("-q", queue, "--ndjson", *arguments, stdin=b"").returncode == USAGE, arguments


def test_a_signal_that_is_ignored_stays_so(queue):
    """As nohup(1) has it."""
    process = start(
        "bash", "-c", 'trap "" HUP; exec "$0" "$@"', weir_program(), "publish", "-q", queue, "--lines",
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    process.stdin.write(b"one\n")
    process.stdin.flush()
    wait_until(lambda: messages(queue) == ["one"], "a line")
    process.send_signal(signal.SIGHUP)
    process.stdin.write(b"two\n")
    process.stdin.flush()
    wait_until(lambda: messages(queue) == ["one", "two"], "another line")
    # The patience for last words would be over.
    time.sleep(0.7)
    process.stdin.write(b"three\n")
    process.stdin.close()
    assert process.wait(PATIENCE_SECONDS) == OK
    assert messages(queue) == ["one", "two", "three"]


def test_a_delayed_line_that_the_site_refuses_stops_nothing():
    refusal = answer(422, '{"code": "key_reused", "detail": "another\\u001b[2J content"}')
    with ScriptedSite(answer(202, '{"delayed": "0123456789abcdef"}'), refusal, answer(202, '{"delayed": "1123456789abcdef"}')) as site:
        result = publish("--url", site.address, "--lines", "--delay", "1h", stdin=b"1\n\xff\n3\n4\n")
        assert result.returncode == DATA
        assert result.stderr.decode().splitlines() == [
            "weir: line 2: it is not UTF-8: publish text", "weir: line 3: another[2J content", "weir: 2 events refused"]
        assert result.stdout == b"2 events published, 0123456789abcdef to 1123456789abcdef\n"
        assert [json.loads(body) for _, body in site.requests] == [
            {"delay": "1h", "message": text} for text in ("1", "3", "4")]


def test_without_standard_input_nothing_is_published(queue):
    process = start("bash", "-c", 'exec "$0" "$@" <&-', weir_program(), "publish", "-q", queue, "--lines",
                    stderr=subprocess.PIPE)
    assert process.wait(PATIENCE_SECONDS) == NO_INPUT
    process.stderr.close()


# --- Lines of JSON ---

OBJECTS = [
    {"message": "1"}, {"data": {"a": [1, 2]}, "topics": ["a", "b"], "event": "e"}, {"mesage": "typo"},
    {"message": "k", "key": "the key"}, {"message": "k", "key": "the key"}, {"message": "other", "key": "the key"},
    {"message": "bye", "topic": "job", "end": True}, {"message": "too late", "topic": "job"},
]


def ways(site):
    return [["--queue", site.queue], ["--url", site.address]]


@pytest.mark.parametrize("way", [0, 1], ids=["queue", "site"])
def test_objects_are_published_and_what_is_refused_is_told_by_its_line(site, way):
    lines = [json.dumps(one) for one in OBJECTS]
    lines[1:1] = ["", "no json"]
    result = publish(*ways(site)[way], "--ndjson", "--topic", "orders", stdin="\n".join(lines).encode())
    assert result.returncode == DATA, result.stderr
    told = result.stderr.decode().splitlines()
    assert [line.partition(": ")[2].partition(":")[0] for line in told[:-1]] == ["line 3", "line 5", "line 8", "line 10"]
    assert "'message'" in told[1] and "another" in told[2] and "ended" in told[3]
    assert told[-1] == "weir: 4 events refused"
    # Of two with one key there is one.
    assert result.stdout.decode().startswith("5 events published, ") and b"1 of them were before" in result.stdout
    expected = [("1", ["orders"]), ('{"a":[1,2]}', ["a", "b"]), ("k", ["orders"]), ("bye", ["job"])]
    assert [(one["message"], one.get("topics", [one.get("topic")])) for one in events(site.queue)] == expected


@pytest.mark.parametrize("way", [0, 1], ids=["queue", "site"])
def test_nothing_but_bad_lines_is_told_line_by_line_too(site, way):
    result = publish(*ways(site)[way], "--ndjson", stdin=b"[1]\n{}\n")
    assert result.returncode == DATA
    assert b"line 1: " in result.stderr and b"line 2: " in result.stderr
    assert result.stdout == b"0 events published\n"


def test_a_batch_whose_connection_breaks_is_sent_again_and_doubles_nothing(site):
    """A proxy in between loses the answer to the first try."""
    with LossyProxy(site.port) as proxy:
        stdin = "".join(f"line {number}\n" for number in range(2000)).encode()
        result = publish("--url", proxy.address, "--lines", stdin=stdin)
    assert result.returncode == OK, result.stderr
    assert proxy.count >= 2 and b"trying again" in result.stderr
    assert messages(site.queue) == [f"line {number}" for number in range(2000)]


def test_an_event_with_a_delay_waits_with_the_id_that_is_printed(site):
    for way in ways(site):
        result = weir("publish", *way, "--delay", "1h", "later")
        assert result.returncode == OK, result.stderr
        assert result.stdout.strip() in weir("delayed", "--queue", site.queue).stdout
    assert events(site.queue) == []
