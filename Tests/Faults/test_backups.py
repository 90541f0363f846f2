"""Backups and restores, at each call of which something fails: what has a name is whole.

WEIR_SEED=N replays what was drawn.
"""

import shutil
import subprocess

import pytest

from disk_model import Chance, Disk, Everything, Nothing, read_trace, write_state
from expectations import complaints_about_answer, complaints_about_log
from faults import ACTIONS, read_calls
from probe import append
from processes import CHECKOUT, ENVIRONMENT, PATIENCE_SECONDS, start, wait_until

PROGRAM = CHECKOUT / ".build/release/weir"
STATE_COUNT = 150


def weir(*words, environment):
    return subprocess.run(
        [str(word) for word in (PROGRAM, *words)], env=ENVIRONMENT | environment,
        capture_output=True, text=True, timeout=PATIENCE_SECONDS)


def back_up(queue, backup, environment):
    return weir("backup", "--queue", queue, backup, environment=environment)


def restore(queue, backup, environment):
    return weir("restore", "--queue", backup, queue, environment=environment)


def fresh(folder, source):
    """Nothing is there yet."""
    return []


def earlier(folder, source):
    """A backup of half of it is there, whose last segment grows."""
    shutil.copytree(source.parent / "earlier", folder / "copies" / "backup")
    return source.parent / "earlier"


@pytest.fixture
def source(state):
    """A queue of some segments, and a backup that was made when it was shorter."""
    queue = state / "source" / "queue"
    queue.parent.mkdir()
    assert append(queue, name="first", batches=12, segment_bytes=3000).status == 0
    assert back_up(queue, queue.parent / "earlier", {}).returncode == 0
    assert append(queue, name="second", batches=12, segment_bytes=3000).status == 0
    return queue


def examine_copy(server, copy, least, status):
    """A copy that has its name is a queue: whole, and with no less than it had before."""
    if not copy.exists():
        return [] if status != 0 and not least else [f"nothing is there, status {status}"]
    answer = server.ask("verify", copy, "after", 1)
    events = answer.get("events", [])
    found = complaints_about_answer(answer) + complaints_about_log(events)
    return found + [f"{len(events)} events instead of {least}"] * (len(events) < least)


@pytest.mark.parametrize("work, before", [(back_up, fresh), (back_up, earlier), (restore, fresh)])
@pytest.mark.parametrize("name", ACTIONS)
def test_at_each_call_of_a_copy_nothing_is_taken_for_whole_that_is_not_by(
        name, work, before, source, faults, state, each):
    def run(folder, **settings):
        (folder / "copies").mkdir()
        before(folder, source)
        environment = faults.environment(folder / "copies", **settings)
        return work(source, folder / "copies" / "backup", environment)

    counting = state / "counting"
    counting.mkdir()
    result = run(counting, count=state / "count")
    assert result.returncode == 0, result.stderr
    calls = read_calls(state / "count")
    server_events = {}

    def count_events(server, folder, case):
        for place in (source.parent / "earlier", source):
            shutil.copytree(place, folder / place.name)
            server_events[place.name] = len(
                server.ask("verify", folder / place.name).get("events", []))
        return []

    each(["counting"], count_events)
    whole, least = server_events["queue"], server_events["earlier"] if before is earlier else 0

    def examine(server, folder, call):
        action = ACTIONS[name]
        only = {"calls": ",".join(action.only)} if action.only else {}
        result = run(folder, at=call.number, action=action.what, **only)
        copy = folder / "copies" / "backup"
        found = examine_copy(server, copy, whole if result.returncode == 0 else least, result.returncode)
        if result.returncode > 0 and not result.stderr:
            found.append("failed without a word")
        return found

    each(ACTIONS[name].cases(calls), examine)


class Cut:
    """A state of the disk, behind an entry of the trace."""

    def __init__(self, place, state):
        self.place = place
        self.state = state

    def __str__(self):
        return f"cut behind entry {self.place}"


def test_a_power_cut_at_any_moment_leaves_a_whole_backup_of_then_or_of_now(
        source, faults, state, each, chance):
    folder = state / "traced"
    folder.mkdir()
    (folder / "copies").mkdir()
    backup = folder / "copies" / "backup"
    trace = state / "trace"
    environment = faults.environment(backup, trace=trace, label="backup")
    # From nothing it is made under another name; what is brought up to date is what a cut can harm.
    shutil.copytree(source.parent / "earlier", backup)
    least = sum(path.read_bytes().count(b"\nid: ") for path in backup.glob("*.sse"))
    first = {path.name: path.read_bytes() for path in backup.rglob("*") if path.is_file()}
    assert back_up(source, backup, environment).returncode == 0
    entries = read_trace(trace)
    cases = []
    for place in range(len(entries)):
        for luck in [Nothing(), Everything(), *[Chance(chance)] * 3]:
            disk = Disk(backup)
            disk.is_durable = True
            disk.begin(first)
            for entry in entries[:place + 1]:
                disk.follow(entry)
            cases.append(Cut(place, disk.after_cut(luck)))
    chance.shuffle(cases)

    def examine(server, folder, cut):
        copy = write_state(cut.state, backup, folder)
        answer = server.ask("verify", copy, "after", 1)
        events = answer.get("events", [])
        found = complaints_about_answer(answer) + complaints_about_log(events)
        if len(events) < least:
            found.append(f"{len(events)} events instead of {least}")
        return found

    each(cases[:STATE_COUNT], examine)


@pytest.mark.parametrize("command", ["backup", "check"])
def test_a_segment_that_retention_removes_between_two_of_its_files_is_not_called_wrong(command, faults, source, state):
    segment, reached = sorted(source.glob("*.sse"))[0], state / "reached"
    environment = faults.environment(source, file=f"{segment.stem}.idx", at=1, action="delay:700", count=reached)
    words = [PROGRAM, command, "--queue", source, *([state / "copy"] if command == "backup" else [])]
    process = start(*words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_until(lambda: reached.exists() and reached.read_text(), "the opening of the index")
    # As retention does.
    segment.unlink()
    for file in source.glob(f"{segment.stem}.*"):
        file.unlink()
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert "WRONG" not in said, said
    assert command == "check" or not (state / "copy" / segment.name).exists()
