"""The walk: one fault at each call that a program makes on a queue's files, and a look afterwards.

LONG=1 walks along many more calls.
"""

import os
import shutil

import pytest

from expectations import complaints, complaints_about_acknowledged, complaints_about_answer
from faults import ACTIONS, read_calls
from probe import Appender, append

BATCHES = 200 if os.environ.get("LONG") == "1" else 20
# Faults after which the same program has to get on by itself.
PASSING = ("a short write", "an interruption", "a full disk", "a full quota", "too many open files")
KILLS = ("a kill before it", "a kill in the middle of it", "a kill after it")
BROKEN = ("an input/output error", "a disk that stays broken", "a disk made read-only")


def count_calls(faults, folder, queue, **options):
    """The calls of an appender that nothing happens to, which has to succeed."""
    counted = folder / "count"
    run = append(queue, environment=faults.environment(queue, count=counted), **options)
    assert run.status == 0, run
    return read_calls(counted)


def append_with_fault(faults, fault, call, queue, **options):
    environment = ACTIONS[fault].environment(faults, queue, call)
    return append(queue, environment=environment, **options)


def first_of_appending(calls):
    """The place of the first call behind the opening of the queue."""
    return [call.place for call in calls if call.opens and call.file == "lock"][1]


def is_lost_sync(name, call):
    """Where a sync fails nobody may go on, whatever it failed with."""
    return call.synchronizes and name.startswith(("a full", "a disk", "an input"))


def complaints_about_conduct(name, call, run, first_append):
    """What the program itself has to do at a fault."""
    found = []
    if name in PASSING and run.status != 0 and not is_lost_sync(name, call):
        found.append(f"did not get on by itself: {run}")
    if name == "an interruption" and run.errors:
        found.append(f"an interruption is no error: {run}")
    # What fails on the derived page `tail` harms no event.
    if name in BROKEN and call.place >= first_append and call.file != "tail" and (
            call.synchronizes or call.writes):
        if "ack" in run.output.partition("error")[2]:
            found.append(f"acknowledged after a failure: {run}")
        if run.status == 0:
            found.append(f"passed over a failure: {run}")
        if set(run.errors) - {"read-only"}:
            found.append(f"not read-only after a failure: {run}")
    return found


@pytest.mark.parametrize("name", ACTIONS)
def test_at_each_call_of_an_appender_nothing_acknowledged_is_harmed_by(name, faults, state, each):
    calls = count_calls(faults, state, state / "counted", batches=BATCHES)
    first_append = first_of_appending(calls)

    def examine(server, folder, call):
        queue = folder / "queue"
        run = append_with_fault(faults, name, call, queue, batches=BATCHES)
        answer = server.ask("verify", queue, "after", 3)
        return complaints_about_conduct(name, call, run, first_append) + complaints(answer, run)

    each(ACTIONS[name].cases(calls), examine)


@pytest.mark.parametrize("name", [*KILLS, "a short write", "a full disk", "an input/output error"])
def test_who_publishes_all_of_it_again_with_its_keys_doubles_nothing_after(name, faults, state, each):
    options = {"batches": BATCHES // 2, "segment_bytes": 1200, "keys": True}
    calls = count_calls(faults, state, state / "counted", **options)
    assert any(call.file.endswith(".keys") for call in calls)

    def examine(server, folder, call):
        queue = folder / "queue"
        run = append_with_fault(faults, name, call, queue, persist=False, **options)
        again = append(queue, **options)
        answer = server.ask("verify", queue)
        found = complaints(answer, again) + complaints_about_acknowledged(answer.get("events", []), run)
        if again.status != 0:
            found.append(f"cannot publish again: {again}")
        if len(answer.get("events", [])) != again.count:
            found.append(f"{len(answer.get('events', []))} events are there, {again.count} published")
        return found

    each(ACTIONS[name].cases(calls), examine)


@pytest.mark.parametrize("name", ["a short write", "a full disk", "a disk that stays full"])
def test_what_is_refused_for_want_of_space_is_not_in_the_queue_after(name, faults, state, each):
    calls = count_calls(faults, state, state / "counted", batches=BATCHES)

    def examine(server, folder, call):
        queue = folder / "queue"
        run = append_with_fault(
            faults, name, call, queue, batches=BATCHES, persist=False)
        return complaints(server.ask("verify", queue), run)

    each(ACTIONS[name].cases(calls), examine)


@pytest.mark.parametrize("name", (*KILLS, "a full disk", "too many open files"))
def test_another_process_goes_on_in_the_same_queue_after(name, faults, state, each):

    def prepare(server, queue):
        return [server.ask("open", queue), server.ask("append", queue, "before", 3)]

    calls = []

    def count(server, folder, case):
        queue = folder / "queue"
        prepare(server, queue)
        calls.extend(count_calls(faults, folder, queue, batches=BATCHES))
        return complaints_about_answer(server.ask("close", queue))

    each(["counting"], count)

    def examine(server, folder, call):
        queue = folder / "queue"
        answers = prepare(server, queue)
        run = append_with_fault(
            faults, name, call, queue, batches=BATCHES, persist=False)
        answers.append(server.ask("append", queue, "after", 8))
        log = server.ask("read", queue)
        answers.append(server.ask("close", queue))
        reopened = server.ask("verify", queue, "later", 2)
        found = [text for answer in answers for text in complaints_about_answer(answer)]
        if is_lost_sync(name, call):
            found = []  # Then it is read-only, as other tests see to.
        found += complaints(log, run) + complaints(reopened, run)
        events = log.get("events", [])
        if events != reopened.get("events", [])[:len(events)]:
            found.append("the events are others after reopening")
        return found

    each(ACTIONS[name].cases(calls), examine)


@pytest.mark.parametrize("name", BROKEN)
def test_readers_and_other_appenders_see_a_queue_that_is_read_only_after(
        name, faults, state, each):
    calls = []

    def count(server, folder, case):
        queue = folder / "queue"
        server.ask("open", queue)
        calls.extend(count_calls(faults, folder, queue, batches=BATCHES))
        return complaints_about_answer(server.ask("close", queue))

    each(["counting"], count)
    calls = [call for call in ACTIONS[name].cases(calls)
             if call.file.endswith((".sse", ".idx")) and (call.writes or call.synchronizes)]

    def examine(server, folder, call):
        queue = folder / "queue"
        server.ask("open", queue)
        run = append_with_fault(faults, name, call, queue, batches=BATCHES)
        refusal = server.ask("append", queue, "after", 1)
        log = server.ask("read", queue)
        server.ask("close", queue)
        reopened = server.ask("verify", queue, "later", 1)
        found = complaints(log, run) + complaints(reopened, run)
        if not refusal.get("error", "").startswith("error read-only"):
            found.append(f"another process appends after a failure: {refusal!s:.80}")
        if log.get("events") != reopened.get("events", [])[:len(log.get("events", []))]:
            found.append("what was read is not there after reopening")
        return found

    each(calls, examine)


@pytest.mark.parametrize("name", ACTIONS)
def test_at_each_call_of_a_recovery_nothing_is_lost_by(name, faults, state, each):
    torn = state / "torn"
    calls = count_calls(faults, state, torn, batches=BATCHES)
    shutil.rmtree(torn)
    last = [call for call in calls if call.name == "pwrite" and call.file.endswith(".sse")][-1]
    before = append_with_fault(faults, "a kill in the middle of it", last, torn, batches=BATCHES)
    assert before.was_killed
    sealed = min(torn.glob("*.idx"))
    sealed.write_bytes(sealed.read_bytes()[:40])
    (torn / "tail").unlink()
    (state / "count").unlink()
    counted = state / "counted"
    shutil.copytree(torn, counted)
    calls = count_calls(faults, state, counted, name="again", batches=2)

    def examine(server, folder, call):
        queue = folder / "queue"
        shutil.copytree(torn, queue)
        run = append_with_fault(faults, name, call, queue, name="again", batches=2)
        found = complaints(server.ask("verify", queue, "after", 3), before, run)
        if name in PASSING and run.status != 0 and not is_lost_sync(name, call):
            found.append(f"did not get on by itself: {run}")
        return found

    each(ACTIONS[name].cases(calls), examine)


def test_appenders_at_the_same_time_survive_a_fault_of_one_of_them(faults, state, each, chance):
    actions = [*KILLS, "a short write", "an interruption", "a full disk"]
    cases = [(chance.choice(actions), chance.randrange(20, 100)) for _ in range(2 * BATCHES)]

    def examine(server, folder, case):
        queue = folder / "queue"
        name, number = case
        environment = faults.environment(queue, at=number, action=ACTIONS[name].what)
        server.ask("open", queue)
        appenders = [
            Appender(queue, name=writer, batches=BATCHES,
                     environment=environment if writer == "a" else {})
            for writer in "abc"]
        runs = [appender.wait() for appender in appenders]
        log = server.ask("read", queue)
        server.ask("close", queue)
        reopened = server.ask("verify", queue, "after", 2)
        found = complaints(log, *runs) + complaints(reopened, *runs)
        return found + [f"stopped: {run}" for run in runs[1:]
                        if run.status != 0 and "read-only" not in run.errors]

    each(cases, examine)
