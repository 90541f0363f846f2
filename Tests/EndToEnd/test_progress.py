"""What long work shows on a terminal, by a clock under which all work is long, and what it does not."""

import os
import pathlib
import pty
import re
import subprocess
import termios

import pytest

from processes import PATIENCE_SECONDS, start, weir, weir_program

CLEAR = "\r\x1b[K"
HASTE = {
    "LD_PRELOAD": str(sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))[0]),
    "FAKETIME": "+0 x1000000", "TERM": "xterm",
}
COMMANDS = {
    "import": "import -q {new}", "export": "export -q {queue}", "check": "check -q {queue}",
    "backup": "backup -q {queue} {new}", "backup to a pipe": "backup -q {queue} -",
    "restore": "restore -q {new} {backup}", "restore from a pipe": "restore -q {new} -",
    "publish": "publish -q {queue} --lines",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("progress")
    names = {name: folder / name for name in ["queue", "backup", "events", "archive"]}
    names["events"].write_text('{"message": "one"}\n' * 20_000)
    with open(names["events"]) as events:
        subprocess.run([weir_program(), "import", "-q", names["queue"]], stdin=events, check=True, capture_output=True)
    weir("backup", "-q", names["queue"], names["backup"])
    with open(names["archive"], "wb") as archive:
        subprocess.run([weir_program(), "backup", "-q", names["queue"], "-"], stdout=archive, stderr=subprocess.DEVNULL, check=True)
    return names


@pytest.fixture
def files(made, state):
    """A queue, a backup of it, what the commands read, and where they may make something."""
    return made | {"new": state / "new"}


def on_a_terminal(files, name, *options, columns=120, **env):
    """Runs a command whose standard error is a terminal; returns what that shows, and standard output."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    words = [word.format(**files) for word in COMMANDS[name].split()]
    source = files["archive"] if "restore" in name else files["events"]
    with open(source, "rb") as stdin, open(files["new"].with_suffix(".out"), "w+b") as stdout:
        process = start(weir_program(), *words, *options, stdin=stdin, stdout=stdout, stderr=slave, env=HASTE | env)
        os.close(slave)
        shown = b""
        while True:
            try:
                shown += os.read(master, 65536)
            except OSError:
                break
        os.close(master)
        assert process.wait(PATIENCE_SECONDS) == 0, shown
        stdout.seek(0)
        return shown.decode(), stdout.read()


@pytest.mark.parametrize("name", COMMANDS)
def test_long_work_shows_how_far_it_is_in_one_line_that_is_gone_at_the_end(files, name):
    shown, _ = on_a_terminal(files, name)
    lines = [part.removesuffix("\x1b[K") for part in shown.split("\r")[1:] if part != "\x1b[K"]
    shown_lines = [line for line in lines if "/s" in line]
    assert shown_lines, shown
    assert shown_lines[0].startswith(name.split()[0] + ": ")
    assert "\n" not in "".join(shown_lines)
    # Whatever is said after it begins on an empty line.
    last = shown.rindex(shown_lines[-1])
    assert shown[last + len(shown_lines[-1]):].startswith("\x1b[K" + CLEAR), shown


def test_what_is_known_of_the_whole_is_told_too(files):
    shown, _ = on_a_terminal(files, "import")
    assert "%)" in shown and "events/s" in shown
    shown, _ = on_a_terminal(files, "export")
    assert re.search(r" of [24]0,000 events \(\d+ %\), ", shown)


def test_a_narrow_terminal_is_not_written_over_its_edge(files):
    shown, _ = on_a_terminal(files, "import", columns=20)
    lines = [part.removesuffix("\x1b[K") for part in shown.split("\r")]
    assert max(map(len, lines)) == 19


@pytest.mark.parametrize("options, environment", [(["--quiet"], {}), ([], {"TERM": "dumb"}), ([], {"TERM": ""})])
def test_nothing_is_shown_to_those_who_want_none(files, options, environment):
    for name in ["import", "export"]:
        shown, _ = on_a_terminal(files, name, *options, **environment)
        assert "/s" not in shown and "\x1b" not in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_shown_in_a_pipe(files, name):
    words = [word.format(**files) for word in COMMANDS[name].split()]
    with open(files["archive" if "restore" in name else "events"], "rb") as stdin:
        process = start(
            weir_program(), *words, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=HASTE)
        shown = process.stderr.read().decode()
        process.stderr.close()
        assert process.wait(PATIENCE_SECONDS) == 0
    assert "\r" not in shown and "/s" not in shown
