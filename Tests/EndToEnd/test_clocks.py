"""Clocks that are wrong: the real program under libfaketime, whose time the test moves."""

import json
import pathlib
import time

import pytest

from processes import end, start, wait_until, weir, weir_program

MONTH_SECONDS = 30 * 86_400


class Clock:
    """The wall clock of what is started with its environment; the monotonic clock stays the kernel's, unless
    that is moved too: then it looks as if the machine had slept."""

    def __init__(self, folder, is_asleep=False):
        libraries = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        assert libraries, "libfaketime is missing: apt-get install libfaketime"
        self.file = folder / "clock"
        self.environment = {
            "LD_PRELOAD": str(libraries[0]), "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
        }
        if not is_asleep:
            self.environment |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
        self.set(0)

    def set(self, ahead_seconds):
        new = self.file.with_suffix(".new")
        new.write_text(f"{ahead_seconds:+d}s\n")
        new.rename(self.file)


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


class Served:
    """A queue that is served by a clock of its own."""

    def __init__(self, folder, clock, *options):
        self.queue, self.log = folder / "q", folder / "log"
        self.process = start(
            weir_program(), "serve", "-q", self.queue, "--socket", folder / "s", *options,
            env=clock.environment, stderr=open(self.log, "a"))
        wait_until(lambda: "serving" in self.text(), "weir")

    def text(self):
        return self.log.read_text() if self.log.exists() else ""

    def lines(self, word):
        return [line for line in self.text().splitlines() if word in line]

    def messages(self):
        return [event["message"] for event in self.events()]

    def events(self):
        return [json.loads(line) for line in weir("export", "-q", self.queue).stdout.splitlines()]

    def import_(self, clock, *messages):
        """Appends by the clock that weir has."""
        process = start(weir_program(), "import", "-q", self.queue, env=clock.environment, stdin=-1, stdout=-1)
        process.communicate("".join(json.dumps({"message": m}) + "\n" for m in messages).encode())
        assert process.returncode == 0


@pytest.fixture
def serve(state, clock):
    served = []

    def begin(*options, clock=clock):
        served.append(Served(state, clock, *options))
        return served[-1]

    yield begin
    for one in served:
        end(one.process)


def test_the_library_that_moves_the_clock_moves_wall_clocks_alone(clock, state):
    clock.set(MONTH_SECONDS)
    process = start(weir_program(), "import", "-q", state / "q", env=clock.environment, stdin=-1, stdout=-1)
    process.communicate(b'{"message": "x"}\n')
    event = json.loads(weir("export", "-q", state / "q").stdout)
    assert abs(event["time"] / 1000 - time.time() - MONTH_SECONDS) < 60


def test_a_clock_that_jumps_a_month_ahead_and_back_removes_nothing_and_freezes_nothing(serve, clock):
    served = serve("--retention-age", "3s")
    served.import_(clock, "before")
    clock.set(MONTH_SECONDS)
    wait_until(lambda: served.lines("jumped ahead by 30d"), "the log")
    served.import_(clock, "meanwhile")
    assert served.messages() == ["before", "meanwhile"]
    clock.set(0)
    wait_until(lambda: served.lines("set right"), "the log")
    served.import_(clock, "after")
    events = served.events()
    assert events[-1]["message"] == "after"
    assert abs(events[-1]["time"] / 1000 - time.time()) < 10
    # And retention by age goes on, for those of the wrong moment too.
    wait_until(lambda: served.messages() == [], "retention by age")
    told = served.lines("jumped ahead")
    assert [sum(word in line for line in told) for word in ("retention by age", "delayed events")] == [1, 1]


def test_a_machine_that_slept_for_a_month_or_seems_to_have_removes_nothing_at_once(serve, state, tmp_path):
    clock = Clock(tmp_path, is_asleep=True)
    served = serve("--retention-age", "1h", clock=clock)
    served.import_(clock, "before")
    clock.set(MONTH_SECONDS)
    wait_until(lambda: served.lines("jumped ahead by 30d"), "the log")
    time.sleep(2.5)
    assert served.messages() == ["before"]


def test_what_was_published_before_a_jump_still_goes_at_its_age_while_the_clock_is_ahead(serve, clock):
    served = serve("--retention-age", "4s")
    served.import_(clock, "before")
    wait_until(lambda: len(list(served.queue.glob("*.sse"))) == 2, "the end of the segment")
    clock.set(MONTH_SECONDS)
    wait_until(lambda: served.lines("jumped ahead"), "the log")
    served.import_(clock, "meanwhile")
    wait_until(lambda: served.messages() == ["meanwhile"], "retention by age")


def test_a_start_by_a_clock_that_is_a_month_ahead_removes_nothing(serve, clock, state):
    weir("import", "-q", state / "q", stdin='{"message": "one"}\n{"message": "two"}\n')
    clock.set(MONTH_SECONDS)
    served = serve("--retention-age", "1h")
    wait_until(lambda: served.lines("ahead of the queue's newest event"), "the log")
    served.import_(clock, "three")
    # Several rounds of retention.
    time.sleep(2.5)
    assert served.messages() == ["one", "two", "three"]
    clock.set(0)
    wait_until(lambda: served.lines("set right"), "the log")
    time.sleep(1.5)
    served.import_(clock, "four")
    assert served.messages() == ["one", "two", "three", "four"]
    assert abs(served.events()[-1]["time"] / 1000 - time.time()) < 10


def test_a_clock_that_is_set_back_is_told_and_later_events_have_its_time(serve, clock):
    served = serve()
    served.import_(clock, "before")
    clock.set(-MONTH_SECONDS)
    wait_until(lambda: served.lines("set back by 30d"), "the log")
    served.import_(clock, "after")
    times = [event["time"] / 1000 for event in served.events()]
    assert abs(times[0] - time.time()) < 10
    assert abs(times[1] - time.time() + MONTH_SECONDS) < 10


@pytest.mark.parametrize("year_seconds", [300 * 31_556_952, -200 * 31_556_952])
@pytest.mark.parametrize("starts_so", [False, True])
def test_a_clock_that_is_wrong_by_centuries_ends_nothing(serve, clock, year_seconds, starts_so):
    if starts_so:
        clock.set(year_seconds)
    served = serve()
    served.import_(clock, "before")
    clock.set(year_seconds)
    served.import_(clock, "meanwhile")
    clock.set(0)
    served.import_(clock, "after")
    assert served.messages() == ["before", "meanwhile", "after"]
    assert served.process.poll() is None
    assert weir("check", "-q", served.queue).returncode == 0
