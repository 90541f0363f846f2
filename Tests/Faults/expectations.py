"""What has to hold of a queue after whatever happened; each function returns complaints."""

from probe import data_of, is_of_deleted_topic


def complaints_about_log(events, writers=None):
    """Sequences without a hole from 1, and each writer's events once, whole, in its order."""
    numbers = {}
    for place, (sequence, data) in enumerate(events, 1):
        if sequence != place:
            return [f"event {sequence} stands where {place} should"]
        writer, _, rest = data.partition("-")
        number = numbers.get(writer, 0)
        if data != data_of(writer, number) or writers is not None and writer not in writers:
            return [f"event {sequence} is {data[:40]!r} instead of {writer}-{number}"]
        numbers[writer] = number + 1
    return []


def complaints_about_acknowledged(events, run):
    """Everything that was acknowledged is at its place."""
    number = 0
    for first, after in run.acknowledged:
        for sequence in range(first, after):
            wanted = [sequence, data_of(run.name, number)]
            if sequence > len(events) or events[sequence - 1] != wanted:
                found = events[sequence - 1] if sequence <= len(events) else "nothing"
                return [f"acknowledged {run.name}-{number} as {sequence}, there is {found!s:.60}"]
            number += 1
    return []


def complaints_about_extras(events, run):
    """Beyond what was acknowledged there is at most the batch under way, and nothing of what was
    refused because the disk was full."""
    count = sum(1 for _, data in events if data.startswith(f"{run.name}-"))
    refused = run.last_word == "error" and run.errors[-1] == "full"
    most = run.count + (0 if refused or run.status == 0 else run.next_batch_size)
    if count > most:
        why = "refused as the disk was full" if refused else "more than was tried"
        return [f"{count} events of {run.name}, {run.count} were acknowledged: {why}"]
    return []


def complaints_about_hidden(events, hidden, run):
    """What was acknowledged as hidden is, and nothing else of the writer but what may have been deleted."""
    hidden = set(hidden)
    for sequence, data in events:
        writer, _, rest = data.partition("-")
        if writer != run.name:
            continue
        is_deleted = is_of_deleted_topic(int(rest.split(" ")[0]))
        if is_deleted and sequence < run.hidden_before and sequence not in hidden:
            return [f"event {sequence} of {writer} is deleted, and not hidden"]
        if not is_deleted and sequence in hidden:
            return [f"event {sequence} of {writer} is hidden, and was not deleted"]
    return []


def complaints_about_answer(answer, *, damage_is_reported=True):
    """What QueueProbe said of a queue that no disk has harmed: no error, no gap, no finding."""
    found = []
    if "error" in answer:
        found.append(answer["error"])
    if answer.get("gaps"):
        found.append(f"gaps {answer['gaps']}")
    if answer.get("check") and damage_is_reported:
        found.append(f"weir check: {answer['check'][:3]}")
    return found


def complaints(answer, *runs):
    """All of the above; `answer` is that of `verify` or `read`."""
    found = complaints_about_answer(answer)
    events = answer.get("events", [])
    found += complaints_about_log(events)
    for run in runs:
        found += complaints_about_acknowledged(events, run)
        found += complaints_about_extras(events, run)
        found += complaints_about_hidden(events, answer.get("hidden", []), run)
    return found
