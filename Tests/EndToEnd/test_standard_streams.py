"""Standard input and output of the commands: what fails there is not the queue's failure."""

import json
import signal
import subprocess
import time

import pytest

from processes import ENVIRONMENT, PATIENCE_SECONDS, end, start, wait_until, weir, weir_program

OK, DATA, NO_INPUT, OUTPUT = 0, 65, 66, 74


def shell(command, **options):
    """Runs a line of bash in which `$W` is weir."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; W={weir_program()}; {command}"], capture_output=True, text=True,
        env=ENVIRONMENT | options, timeout=PATIENCE_SECONDS)


@pytest.fixture
def queue(state):
    assert weir("import", "-q", state / "q", stdin='{"message": "one"}\n' * 20_000).returncode == OK
    return state / "q"


def newest(queue):
    return json.loads(weir("status", "-q", queue, "--json").stdout)["queue"]["newest"]


@pytest.mark.parametrize("output, word", [
    ("> /dev/full", "No space left"), (">&-", "standard output is closed"), ("1</dev/null", "Bad file descriptor"),
    ("| (exec <&-; sleep 1)", "Broken pipe"),
])
def test_an_event_that_is_queued_is_told_as_queued_where_the_output_fails(queue, output, word):
    # The reader of the pipe has gone when there is something to read.
    result = shell(f"(sleep 0.3; exec $W publish -q {queue} x) {output}")
    assert result.returncode == OUTPUT
    assert f"event {newest(queue)} is queued" in result.stderr and word in result.stderr
    assert "again" not in result.stderr


@pytest.mark.parametrize("output", ["> /dev/full", ">&-", "1</dev/null"])
def test_events_that_are_imported_are_told_as_imported_where_the_output_fails(queue, output):
    before = newest(queue)
    result = shell(f"""echo '{{"message": "x"}}' | $W import -q {queue} {output}""")
    assert result.returncode == OUTPUT
    assert "1 events are imported" in result.stderr
    assert newest(queue) != before


@pytest.mark.parametrize("command", ["export", "status", "check", "tail --from start", "tail --json --from start"])
@pytest.mark.parametrize("output", ["> /dev/full", ">&-", "1</dev/null"])
def test_output_that_is_not_whole_is_told(queue, command, output):
    result = shell(f"$W {command} -q {queue} {output}")
    assert result.returncode == OUTPUT
    assert "the output is not whole" in result.stderr


@pytest.mark.parametrize("command", ["export", "tail --from start"])
def test_a_reader_who_has_enough_is_no_failure(queue, command):
    result = shell(f"$W {command} -q {queue} | head -n 1")
    assert (result.returncode, result.stderr) == (OK, "")


@pytest.mark.parametrize("watch", ["", "polling"])
def test_tail_ends_when_its_reader_does_although_nothing_comes(state, watch, no_watches):
    weir("import", "-q", state / "q", stdin='{"message": "one"}\n')
    began = time.monotonic()
    result = shell(
        f"LD_PRELOAD={no_watches if watch else ''} $W tail -q {state / 'q'} --json --from start | head -n 1")
    assert result.returncode == OK
    assert json.loads(result.stdout)["message"] == "one"
    assert time.monotonic() - began < PATIENCE_SECONDS / 2


def test_a_damaged_queue_is_told_by_the_exit_code_whoever_reads_the_check(queue):
    segment = queue / f"{1:020}.sse"
    segment.write_bytes(segment.read_bytes().replace(b"data: one\nid", b"data: onX\nid", 1))
    for output in ["> /dev/full", ">&-", "| true"]:
        result = shell(f"$W check -q {queue} {output}")
        assert result.returncode == DATA
        assert "weir check --repair" in result.stderr
    assert weir("check", "-q", queue, "--repair").returncode == OK


# --- Standard input ---


@pytest.mark.parametrize("command", ["publish", "publish -", "import", "import --format event-stream"])
def test_standard_input_that_is_closed_gives_nothing(queue, command):
    command, _, rest = command.partition(" ")
    before = newest(queue)
    result = shell(f"$W {command} -q {queue} {rest} <&-")
    assert result.returncode == NO_INPUT
    assert "standard input is closed: nothing was" in result.stderr
    assert newest(queue) == before


def test_an_import_from_nothing_makes_no_queue(state):
    assert shell(f"$W import -q {state / 'new'} <&-").returncode == NO_INPUT
    assert not (state / "new").exists()


@pytest.mark.parametrize("input_, word", [("0>/dev/null", "Bad file descriptor"), ("< /tmp", "Is a directory")])
def test_standard_input_that_cannot_be_read_is_told(queue, input_, word):
    before = newest(queue)
    for command in ["publish", "import"]:
        result = shell(f"$W {command} -q {queue} {input_}")
        assert result.returncode == NO_INPUT
        assert "read standard input" in result.stderr and word in result.stderr
    assert newest(queue) == before


@pytest.mark.parametrize(
    "line, words",
    [
        (rb'{"message": "\ud800"}', "half of a surrogate pair stands at byte 13"),
        (b'{"message": "a\nb"}', "a raw newline stands in a string at byte 14: write it as \\n"),
        (b'{"message": "a\tb"}', "a raw tab stands in a string at byte 14: write it as \\t"),
        (b'{"message": "a\0b"}', "a NUL byte stands in a string at byte 14"),
        (b'{"message": "a", "message": "b"}', "'message' stands there twice, again at byte 17"),
        (b'{"message": "\xff"}', "at byte 13 is not UTF-8"),
        (b"{'message': 1}", "a single quote stands at byte 1"),
        (b'{"message": "a"', "it ends in the middle of an object"),
    ],
)
def test_an_imported_line_that_is_no_json_is_told_by_its_name_and_place(state, line, words):
    result = subprocess.run(
        [weir_program(), "import", "-q", state / "q"], input=b'{"message": "one"}\n' + line + b"\n",
        capture_output=True, env=ENVIRONMENT, timeout=PATIENCE_SECONDS)
    assert result.returncode == DATA
    assert "line 2 is not JSON" in result.stderr.decode() and words in result.stderr.decode()
    assert b"1 events before it are in the queue" in result.stderr


# --- Watches and signals ---


@pytest.fixture
def no_watches(tmp_path):
    """A library for LD_PRELOAD under which nobody gets an inotify instance."""
    source, library = tmp_path / "watches.c", tmp_path / "watches.so"
    source.write_text("#include <errno.h>\nint inotify_init1(int flags) { (void)flags; errno = EMFILE; return -1; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


def test_tail_without_a_watch_polls_and_says_so_once(state, no_watches):
    weir("import", "-q", state / "q", stdin='{"message": "one"}\n')
    tail = start(weir_program(), "tail", "-q", state / "q", "--from", "start", stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE, text=True, env={"LD_PRELOAD": str(no_watches)})
    try:
        assert tail.stdout.readline() == "data: one\n"
        weir("publish", "-q", state / "q", "two")
        lines = [tail.stdout.readline() for _ in range(3)]
        assert lines[2] == "data: two\n"
    finally:
        tail.stdout.close()
        end(tail)
    told = tail.stderr.read()
    assert told.count("no watch on the queue") == 1
    assert "max_user_instances" in told


@pytest.mark.parametrize("signal_number", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP])
def test_a_signal_that_asks_for_nothing_that_weir_has_ends_nothing(site, signal_number):
    with site.stream() as stream:
        for _ in range(3):
            site.weir.send_signal(signal_number)
        site.publish_all(["after"])
        assert stream.data(1) == ["after"]
        if signal_number == signal.SIGHUP:
            wait_until(lambda: site.count_log("the settings were read again"), "the log")
    assert end(site.weir) == OK


def test_a_sighup_while_weir_stops_does_not_hurry_it(make_site):
    site = make_site("--drain", "2s")
    # The first stream ends at once, the last one at the end.
    with site.stream() as one, site.stream() as other:
        site.publish_all(["first"])
        assert one.data(1) == other.data(1) == ["first"]
        site.weir.send_signal(signal.SIGTERM)
        wait_until(lambda: site.count_log("stopping"), "the log")
        site.weir.send_signal(signal.SIGHUP)
        assert site.weir.wait(PATIENCE_SECONDS) == OK
    assert site.count_log("at once") == 0
