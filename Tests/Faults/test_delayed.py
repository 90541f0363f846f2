"""Delayed events, at each call of which something fails, and after power cuts: what was taken in is published
once, what was cancelled never.

WEIR_SEED=N replays what was drawn.
"""

import os
import subprocess

import pytest

from disk_model import Chance, Disk, Everything, Nothing, fingerprint, read_trace, write_state
from expectations import complaints_about_answer
from faults import ACTIONS, read_calls
from own_disk import OwnDisk
from probe import PROGRAM, data_of
from processes import ENVIRONMENT, PATIENCE_SECONDS, weir

BATCHES = 40 if os.environ.get("LONG") == "1" else 5
STATE_COUNT = 3000 if os.environ.get("LONG") == "1" else 300


class Delayed:
    """A QueueProbe that took events in, and what it said of them until it ended."""

    def __init__(self, queue, name="d", environment=None, batches=BATCHES):
        result = subprocess.run(
            [PROGRAM, "delay", "--queue", queue, "--name", name, "--batches", str(batches)],
            env=ENVIRONMENT | (environment or {}), capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        self.name, self.status, self.output = name, result.returncode, result.stdout
        self.took, self.cancelled = set(), set()
        for line in self.output.splitlines():
            words = line.split(" ")
            if words[0] in ("took", "cancelled"):
                getattr(self, words[0]).add(int(words[1]))

    def __str__(self):
        errors = [line for line in self.output.splitlines() if line.startswith("error")]
        return f"status {self.status}, took {len(self.took)}, {errors[:3]}"


def complaints_about_delayed(answer, name, took, cancelled):
    """What was taken in is there once, or waits for a time to come; what was cancelled is nowhere."""
    # A torn end stays until somebody appends.
    check = [text for text in answer.get("check", []) if "behind the last event" not in text]
    found = complaints_about_answer(answer | {"check": check})
    found += [f"failure: {text}" for text in answer.get("failures", []) if " damaged at " not in text]
    published = [data for _, data in answer.get("events", [])]
    waiting = answer.get("waiting", [])
    if len(set(published + waiting)) != len(published) + len(waiting):
        found.append("published twice, or published and waiting")
    for number in took:
        is_late = number % 5 == 4
        data = data_of(name, number)
        if number in cancelled and data in published + waiting:
            found.append(f"{name}-{number} was cancelled, and is there")
        if number not in cancelled and is_late and data in published:
            found.append(f"{name}-{number} was published before its time")
        if not is_late and data not in published:
            found.append(f"{name}-{number} was taken in, and is not published")
    return found[:4]


def count_calls(faults, folder, file):
    counted = folder / "count"
    queue = folder / "counted"
    run = Delayed(queue, environment=faults.environment(queue, count=counted, file=file))
    assert run.status == 0, run
    return read_calls(counted)


# The calls on the file itself, and those by which an event gets into the queue.
@pytest.mark.parametrize("file, name", [
    *(("delayed*", name) for name in ACTIONS),
    *(("*.sse", name) for name in ACTIONS if name.startswith("a kill")),
])
def test_at_each_call_nothing_is_lost_or_published_twice_by(file, name, faults, state, each):
    calls = count_calls(faults, state, file)
    assert len(calls) >= 5

    def examine(server, folder, call):
        queue = folder / "queue"
        only = {"calls": ",".join(ACTIONS[name].only)} if ACTIONS[name].only else {}
        run = Delayed(queue, environment=faults.environment(
            queue, at=call.number, action=ACTIONS[name].what, file=file, **only))
        found = complaints_about_delayed(server.ask("publish", queue), "d", run.took, run.cancelled)
        return [f"{text}; {run}" for text in found]

    each(ACTIONS[name].cases(calls), examine)


class Promises:
    """What was said of events, as a trace goes on."""

    def __init__(self):
        self.kept = {}
        self.durable_next = 1

    def follow(self, entry):
        if entry.what == "output":
            for line in entry.bytes.decode().splitlines():
                words = line.split(" ")
                if words[0] in ("took", "cancelled"):
                    self.kept[words[0], entry.words[0], int(words[1])] = True


class Cut:
    """A state of the disk, and what was promised by then."""

    def __init__(self, place, state, kept):
        self.place, self.state, self.kept = place, state, kept

    def __str__(self):
        sizes = {path.rsplit("/", 1)[-1]: len(content or b"") for path, content in self.state.items()}
        return f"cut behind entry {self.place}, left {sizes}"


def states(trace, root, chance):
    """Where all and where nothing is there, then others by chance; each with what was promised by then."""
    seen = set()
    for luck in (Nothing(), Everything(), *(Chance(chance) for _ in range(20))):
        disk, promises = Disk(root), Promises()
        for place, entry in enumerate(trace):
            disk.follow(entry)
            promises.follow(entry)
            state = disk.after_cut(luck)
            mark = (fingerprint(state), len(promises.kept))
            if mark not in seen:
                seen.add(mark)
                yield Cut(place, state, dict(promises.kept))
        if len(seen) > STATE_COUNT:
            return


def test_a_power_cut_at_any_moment_loses_no_delayed_event_and_publishes_none_twice(
        faults, state, each, chance):
    root = state / "workload" / "queue"
    root.parent.mkdir()
    trace = state / "trace"
    for name in "abcd":
        settings = {"trace": trace, "label": name}
        if name in "bc":
            settings |= {"action": chance.choice(["kill-before", "kill-middle", "kill-after"]),
                         "at": chance.randrange(5, 60)}
        Delayed(root, name, faults.environment(root, **settings), batches=4)
    entries = read_trace(trace)

    def examine(server, folder, cut):
        kept = cut.kept
        queue = write_state(cut.state, root, folder) if cut.state else folder / "queue"
        answer = server.ask("publish", queue)
        found = complaints_about_answer(answer | {"check": [], "gaps": []})
        for name in "abcd":
            took, cancelled = ({number for what, writer, number in kept if (what, writer) == (word, name)}
                               for word in ("took", "cancelled"))
            found += complaints_about_delayed(answer | {"check": [], "gaps": []}, name, took, cancelled)
        return found

    cases = list(states(entries, root, chance))
    each(cases if len(cases) <= STATE_COUNT else chance.sample(cases, STATE_COUNT), examine)


def test_on_a_full_disk_nothing_is_acknowledged_and_what_waits_is_published_when_there_is_room(
        state, make_delayed_site):
    disk, site = make_delayed_site
    taken = site.publish("waits", delay="800ms").json()
    disk.fill()
    answers = [site.publish("x" * 300, delay="1s") for _ in range(60)]
    refused = [answer for answer in answers if answer.status != 202]
    assert {(answer.status, answer.problem()["code"]) for answer in refused} == {(507, "queue_full")}
    site.wait_for_log("publishing delayed events failed", "No space left")
    assert site.request("GET", f"/publish/delayed/{taken['delayed']}").status == 200
    disk.free()
    count = 1 + len(answers) - len(refused)
    with site.stream("/sse?since=all") as stream:
        found = stream.data(count)
    assert found.count("waits") == 1 and len(found) == count
    assert weir("check", "--queue", site.queue).returncode == 0


@pytest.fixture
def make_delayed_site(state):
    """A disk of 1 MiB and a site whose queue is on it."""
    from site_under_test import Site

    disk = OwnDisk(state, "1m")
    site = Site(state / "site")
    site.queue = f"{disk.path}/queue"
    site.start()
    yield disk, site
    site.stop()
    disk.stop()
