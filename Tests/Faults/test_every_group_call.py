"""The walk along a group's files: one fault at each call on them, and a look afterwards.

A member of the group appends and gets what it has appended; whatever happens to it, another one gets all that it was
not known to have, and nothing of what it was.
"""

import subprocess

import pytest

from faults import ACTIONS, read_calls
from probe import PROGRAM
from processes import ENVIRONMENT, PATIENCE_SECONDS

PASSING = ("a short write", "an interruption", "a full disk", "a full quota", "too many open files")
BATCHES = 5


class Shared:
    """What a member said until it ended."""

    def __init__(self, run):
        self.status = run.returncode
        lines = [line.split(" ") for line in run.stdout.splitlines()]
        self.last = max([int(words[2]) - 1 for words in lines if words[0] == "ack"], default=0)
        self.given = [(int(words[1]), int(words[2])) for words in lines if words[0] == "given"]
        self.done = {int(words[1]) for words in lines if words[0] == "done"}
        self.errors = [" ".join(words) for words in lines if words[0] == "error"]


def share(queue, environment=None, batches=BATCHES, name="w", topics=0):
    return Shared(subprocess.run(
        [PROGRAM, "share", "--queue", queue, "--batches", str(batches), "--name", name,
         "--topics", str(topics)],
        env=ENVIRONMENT | (environment or {}), capture_output=True, text=True,
        timeout=PATIENCE_SECONDS))


def complaints(first, second):
    found = []
    if second.status != 0 or second.errors:
        found.append(f"the next one did not get on: {second.status} {second.errors}")
    twice = first.done & {sequence for sequence, _ in second.given}
    if twice:
        found.append(f"{sorted(twice)} were given again although they were known to be done")
    got = {sequence for run in (first, second) for sequence, _ in run.given}
    missing = set(range(1, second.last + 1)) - got
    if missing:
        found.append(f"{sorted(missing)} were given to nobody")
    unmarked = [sequence for run in (first, second) for sequence, count in run.given if count == 0]
    twice = {sequence for sequence in unmarked if unmarked.count(sequence) > 1}
    if twice:
        found.append(f"{sorted(twice)} were given twice, and not marked")
    return found


@pytest.mark.parametrize("name", ACTIONS)
def test_at_each_call_on_a_groups_files_nothing_is_lost_or_given_for_nothing_by(
        name, faults, state, each):
    folder = state / "counted"
    folder.mkdir()
    counted = folder / "count"
    run = share(folder / "queue", faults.environment(folder / "queue" / "groups", count=counted))
    assert (run.status, len(run.done)) == (0, run.last), run.errors

    def examine(server, folder, call):
        queue = folder / "queue"
        first = share(queue, ACTIONS[name].environment(faults, queue / "groups", call))
        found = complaints(first, share(queue, batches=2, name="v"))
        # The queue's own folder is synced as it is made.
        if name in PASSING and call.file != "queue" and first.status != 0:
            found.append(f"did not get on by itself: {first.status} {first.errors}")
        return found

    each(ACTIONS[name].cases(read_calls(counted)), examine)
