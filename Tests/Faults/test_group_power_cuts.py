"""Power cuts under a group whose members append and get what they have appended: nothing is lost, and what was known to
be done when the group was put on disk is given to nobody again.

WEIR_SEED=N replays what was drawn.
"""

import os
import struct

import pytest

from disk_model import Chance, Disk, Everything, Nothing, fingerprint, read_trace, write_state
from test_every_group_call import share

STATE_COUNT = 3000 if os.environ.get("LONG") == "1" else 150
# A state of several pages, of which a cut may leave some.
TOPICS = 40
KILLS = ["kill-before", "kill-middle", "kill-after"]


def one_member_after_the_other(run, chance):
    for number in range(3):
        assert run(f"m{number}", 5).status == 0


def members_that_are_killed(run, chance):
    for number in range(10):
        # What one has written and not synced is for the next one to sync before it writes anywhere else.
        run(f"s{number}", 3, action="kill-before", calls="fdatasync", file="*.group", at=chance.randrange(1, 4))
        run(f"k{number}", 3, action=chance.choice(KILLS), file="*.group", at=chance.randrange(1, 40))
    assert run("last", 4).status == 0


class Promises:
    """What was said of events, as a trace goes on."""

    def __init__(self):
        self.durable_next = 1
        # Given, and not yet known to be done.
        self.open = set()
        # Known to be done, or written down as done when somebody died before it could say so.
        self.done = set()
        self.said = set()
        self.kept = set()

    def follow(self, entry):
        if entry.what == "write" and entry.words[0].endswith(".group"):
            self.done |= self.open
        if entry.what == "tail":
            # The first cell is the durable end.
            self.durable_next = max(self.durable_next, *struct.unpack_from("<Q", entry.bytes))
        if entry.what == "output":
            for line in entry.bytes.decode().splitlines():
                words = line.split(" ")
                if words[0] == "given":
                    self.open.add(int(words[1]))
                if words[0] == "done":
                    self.open.discard(int(words[1]))
                    self.said.add(int(words[1]))
                    self.done.add(int(words[1]))
                if words[0] == "synced":
                    self.kept |= self.said


class Cut:
    """A state of the disk, and what was promised by then."""

    def __init__(self, place, state, promises):
        self.place, self.state = place, state
        self.durable_next, self.done, self.kept = promises.durable_next, set(promises.done), set(promises.kept)

    def __str__(self):
        sizes = {path.rsplit("/", 1)[-1]: len(content or b"") for path, content in self.state.items()}
        return f"cut behind entry {self.place}, left {sizes}"


def cuts(trace, root, chance):
    """Where all and where nothing is there, then others by chance."""
    seen = set()
    for luck in (Nothing(), Everything(), *(Chance(chance) for _ in range(4))):
        disk, promises = Disk(root), Promises()
        for place, entry in enumerate(trace):
            disk.follow(entry)
            promises.follow(entry)
            # Only what is written to the group makes a difference here.
            if entry.what == "tail" or not any("/groups" in word for word in entry.words):
                continue
            cut = Cut(place, disk.after_cut(luck), promises)
            mark = (fingerprint(cut.state), len(cut.kept))
            if mark not in seen:
                seen.add(mark)
                yield cut


@pytest.mark.parametrize("workload", [one_member_after_the_other, members_that_are_killed])
def test_a_power_cut_loses_nothing_of_a_group_and_undoes_nothing_that_was_synced_in(
        workload, faults, state, each, chance):
    root = state / "workload" / "queue"
    root.parent.mkdir()
    trace = state / "trace"

    def run(name, batches, **settings):
        return share(root, faults.environment(root, trace=trace, label=name, **settings), batches, name, TOPICS)

    workload(run, chance)
    entries = read_trace(trace)
    promises = Promises()
    for entry in entries:
        promises.follow(entry)
    assert len(promises.kept) > 20 and promises.durable_next > len(promises.kept), "the trace tells of nothing"

    def examine(server, folder, cut):
        queue = write_state(cut.state, root, folder) if cut.state else folder / "queue"
        after = share(queue, None, 1, "after", TOPICS)
        found = []
        if after.status != 0 or after.errors:
            found.append(f"the next one does not get on: {after.status} {after.errors}")
        given = {sequence for sequence, _ in after.given}
        if cut.kept & given:
            found.append(f"{sorted(cut.kept & given)[:5]} were done on disk, and are given again")
        lost = set(range(1, cut.durable_next)) - cut.done - given
        if lost and not found:
            found.append(f"{sorted(lost)[:5]} are given to nobody")
        return found

    cases = list(cuts(entries, root, chance))
    each(cases if len(cases) <= STATE_COUNT else chance.sample(cases, STATE_COUNT), examine)
