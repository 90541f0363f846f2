"""`weir publish --lines`: each line of standard input is an event, as soon as it is there."""

import json
import signal
import subprocess

import pytest

from processes import PATIENCE_SECONDS, start, wait_until, weir, weir_program

OK, USAGE, DATA, NO_INPUT = 0, 64, 65, 66


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
    for arguments in [["--key", "k"], ["text"]]:
        result = publish("-q", queue, "--lines", *arguments, stdin=b"")
        assert result.returncode == USAGE, arguments


def test_without_standard_input_nothing_is_published(queue):
    process = start("bash", "-c", 'exec "$0" "$@" <&-', weir_program(), "publish", "-q", queue, "--lines",
                    stderr=subprocess.PIPE)
    assert process.wait(PATIENCE_SECONDS) == NO_INPUT
    process.stderr.close()
