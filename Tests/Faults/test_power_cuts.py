"""Power cuts: from the trace of a workload, the states that a disk could be left in, each recovered.

WEIR_SEED=N replays the choice of states.
"""

import os
import signal
import struct

import pytest

from disk_model import Chance, Disk, Everything, Nothing, OlderPage, fingerprint, read_trace, write_state
from expectations import complaints_about_answer
from probe import PROGRAM, Appender, Server, append, data_of, is_of_deleted_topic
from processes import end, start, wait_until

# Of each workload; there are six.
STATE_COUNT = 5000 if os.environ.get("LONG") == "1" else 400


class Workload:
    """Runs processes on one queue and keeps the trace of all of them."""

    def __init__(self, faults, folder):
        self.faults = faults
        self.queue = folder / "workload" / "queue"
        self.queue.parent.mkdir()
        self.trace = folder / "trace"
        self.server = Server()

    def environment(self, label, **settings):
        return self.faults.environment(self.queue, trace=self.trace, label=label, **settings)

    def append(self, name, batches, segment_bytes=6000, keep=None, keys=False, **settings):
        return append(self.queue, name=name, batches=batches, batch_size=12,
                      segment_bytes=segment_bytes, keep=keep, keys=keys, environment=self.environment(name, **settings))

    def start_appender(self, name, batches):
        return Appender(self.queue, name=name, batches=batches, batch_size=12, segment_bytes=6000,
                        environment=self.environment(name))

    def end(self):
        """All events in the end, which nothing that was durable on the way may differ from, and the
        epoch of their ids."""
        answer = self.server.ask("verify", self.queue)
        self.server.stop()
        found = complaints_about_answer(answer)
        assert not found, found
        return {sequence: data for sequence, data in answer["events"]}, answer["epoch"]


def one_appender_and_a_reader(workload, chance):
    workload.append("first", 2)
    with open(workload.queue.parent / "read", "wb") as output:
        reader = start(PROGRAM, "read", "--queue", workload.queue, "--follow", stdout=output,
                       env=workload.environment("reader"))
    try:
        run = workload.append("w", 14)
        last = run.acknowledged[-1][1] - 1
        wait_until(lambda: f"\n{last} " in (workload.queue.parent / "read").read_text(), "the reader")
    finally:
        end(reader, signal.SIGKILL)


def appenders_with_keys_that_are_killed(workload, chance):
    for number in range(8):
        kill = chance.choice(["kill-before", "kill-middle", "kill-after"])
        workload.append(f"k{number}", 8, segment_bytes=1500, keys=True, action=kill,
                        at=chance.randrange(1, 90))
    assert workload.append("last", 4, segment_bytes=1500, keys=True).status == 0


def three_appenders_at_once(workload, chance):
    workload.append("first", 1)
    appenders = [workload.start_appender(name, 6) for name in "abc"]
    assert {appender.wait().status for appender in appenders} == {0}


def appenders_that_are_killed(workload, chance):
    for number in range(10):
        kill = chance.choice(["kill-before", "kill-middle", "kill-after"])
        workload.append(f"k{number}", 6, action=kill, at=chance.randrange(1, 50))
    assert workload.append("last", 4).status == 0


def appenders_that_are_killed_as_they_begin_a_segment(workload, chance):
    """The names of files are what these calls are about, from the making of the queue on."""
    for number in range(14):
        kill = chance.choice(["kill-before", "kill-after"])
        workload.append(f"k{number}", 8, action=kill, at=chance.randrange(1, 14),
                        calls="create,mkdir,rename,ftruncate,fsync")
    assert workload.append("last", 4).status == 0


def appenders_that_are_killed_while_others_live(workload, chance):
    workload.append("first", 1)
    workload.server.ask("open", workload.queue)
    for number in range(8):
        kill = chance.choice(["kill-before", "kill-middle", "kill-after"])
        workload.append(f"k{number}", 6, action=kill, at=chance.randrange(8, 40))
        # What one has written and not synced is for the next one to sync before it rolls.
        workload.append(f"s{number}", 2, action="kill-before", calls="fdatasync", file="*.sse",
                        at=chance.randrange(1, 3))
        assert workload.append(f"r{number}", 1, segment_bytes=1).status == 0
    assert workload.append("last", 4).status == 0
    workload.server.ask("close", workload.queue)


def a_disk_that_is_full_now_and_then(workload, chance):
    for number in range(8):
        action = chance.choice(["fail:28", "short"])
        workload.append(f"f{number}", 4, action=action, at=chance.randrange(1, 30),
                        calls="write,pwrite,create")
    assert workload.append("last", 4).status == 0


class Promises:
    """What was acknowledged, read by somebody, or durable, as the trace goes on."""

    def __init__(self, final_log):
        self.final_log = final_log
        self.kept = {}
        self.durable_next = 1
        self.counts = {}
        # By writer: the events before this sequence of its deleted topic are hidden.
        self.hidden_before = {}

    def follow(self, entry):
        if entry.what == "tail":
            # The first cell is the durable end; readers go there.
            (durable_next,) = struct.unpack_from("<Q", entry.bytes)
            for sequence in range(self.durable_next, durable_next):
                self.kept[sequence] = self.final_log.get(sequence)
            self.durable_next = max(self.durable_next, durable_next)
        if entry.what == "output":
            for line in entry.bytes.decode().splitlines():
                self.follow_line(entry.words[0], line.split(" ", 2))

    def follow_line(self, label, words):
        if words[0] == "hid":
            self.hidden_before[label] = int(words[1])
        if words[0] == "ack":
            for sequence in range(int(words[1]), int(words[2])):
                number = self.counts.get(label, 0)
                self.counts[label] = number + 1
                self.kept[sequence] = data_of(label, number)
        elif label == "reader" and words[0].isdigit():
            self.kept[int(words[0])] = " ".join(words[1:]).replace("\\n", "\n")


class Cut:
    """A state of the disk, and what has to hold of it."""

    def __init__(self, place, entry, state, promises):
        self.place = place
        self.entry = entry
        self.state = state
        self.kept = dict(promises.kept)
        self.durable_next = promises.durable_next
        self.hidden_before = dict(promises.hidden_before)

    def is_deleted(self, data):
        writer, _, rest = data.partition("-")
        return is_of_deleted_topic(int(rest.split(" ")[0])) and writer in self.hidden_before

    def __str__(self):
        words = [word.rsplit("/", 1)[-1] for word in self.entry.words]
        sizes = {path.rsplit("/", 1)[-1]: len(content or b"") for path, content in self.state.items()}
        return f"cut behind entry {self.place} ({self.entry.what} {' '.join(words)}), left {sizes}"


def cuts(trace, root, promises, lucks):
    """One state for each place of the trace and each luck."""
    disk = Disk(root)
    for place, entry in enumerate(trace):
        disk.follow(entry)
        promises.follow(entry)
        for luck in lucks:
            yield Cut(place, entry, disk.after_cut(luck), promises)


def distinct_cuts(trace, root, final_log, chance, count):
    """The states where all and where nothing is there, then others by chance."""
    seen, found = set(), []
    lucks = [Nothing(), Everything()]
    for _ in range(30):
        for cut in cuts(trace, root, Promises(final_log), lucks):
            mark = (fingerprint(cut.state), len(cut.kept))
            if mark not in seen:
                seen.add(mark)
                found.append(cut)
        if len(found) >= count:
            return found[:count] if len(lucks) == 1 else found
        lucks = [Chance(chance)]
    raise AssertionError(f"{len(found)} different states only")


def complaints_about_order(events):
    """Sequences rise, and so do each writer's numbers; what is there is whole."""
    numbers, last = {}, 0
    for sequence, data in events:
        writer, _, rest = data.partition("-")
        number = int(rest.split(" ")[0])
        if data != data_of(writer, number):
            return [f"event {sequence} is what nobody wrote: {data[:60]!r}"]
        if sequence <= last or number <= numbers.get(writer, -1):
            return [f"event {sequence} ({writer}-{number}) is there twice or out of order"]
        numbers[writer], last = number, sequence
    return []


@pytest.mark.parametrize("run", [
    one_appender_and_a_reader, appenders_with_keys_that_are_killed,
    three_appenders_at_once, a_disk_that_is_full_now_and_then,
    appenders_that_are_killed, appenders_that_are_killed_as_they_begin_a_segment,
    appenders_that_are_killed_while_others_live])
def test_a_power_cut_at_any_moment_undoes_nothing_in_a_workload_of(
        run, faults, state, each, chance):
    workload = Workload(faults, state)
    run(workload, chance)
    final_log, epoch = workload.end()
    trace = read_trace(workload.trace)
    promises = Promises(final_log)
    for entry in trace:
        promises.follow(entry)
    acknowledged = sum(promises.counts.values())
    assert acknowledged > 10 and promises.durable_next > acknowledged, "the trace tells of nothing"

    def examine(server, folder, cut):
        queue = write_state(cut.state, workload.queue, folder) if cut.state else folder / "queue"
        answer = server.ask("verify", queue, "after", 2)
        found = complaints_about_answer(answer | {"gaps": [], "check": []})
        events = answer.get("events", [])
        there = {sequence: data for sequence, data in events}
        lost = [sequence for sequence, data in cut.kept.items() if there.get(sequence) != data]
        if lost and not found:
            found.append(f"lost {lost[:5]} of {len(cut.kept)} acknowledged or durable events")
        hidden = set(answer.get("hidden", []))
        seen = [sequence for sequence, data in events
                if cut.is_deleted(data) and sequence < cut.hidden_before[data.partition("-")[0]]
                and sequence not in hidden]
        if seen and not found:
            found.append(f"{seen[:5]} were deleted, and are not hidden")
        for gap in answer.get("gaps", []):
            first, after = (int(word) for word in gap.split(" ")[0].split("..<"))
            if first < cut.durable_next:
                found.append(f"a gap before the durable end {cut.durable_next}: {gap}")
        if answer.get("epoch") == epoch:
            found.append("numbers of events that may have been seen are given again in their epoch")
        return found + complaints_about_order(events)

    each(distinct_cuts(trace, workload.queue, final_log, chance, STATE_COUNT), examine)


def test_what_retention_has_removed_is_not_missed_after_a_power_cut(faults, state, each, chance):
    workload = Workload(faults, state)
    run = workload.append("w", 30, keep=20)
    assert run.status == 0, run
    trace = read_trace(workload.trace)
    begin = next(place for place, entry in enumerate(trace) if entry.what == "unlink")

    def examine(server, folder, cut):
        answer = server.ask("check", write_state(cut.state, workload.queue, folder))
        return [line for line in answer.get("check", [answer.get("error")]) if "at the begin" in line]

    lucks = [OlderPage(chance) for _ in range(8)]
    found = cuts(trace, workload.queue, Promises({}), lucks)
    each([cut for cut in found if cut.place >= begin], examine)
