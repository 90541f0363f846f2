"""The load generator of the benchmarks finds what it is there to find."""

import json
import os
import random
import subprocess
import time

import pytest
from processes import CHECKOUT, ENVIRONMENT
from scripted_hub import ScriptedHub

STREAMS, EVENTS, RATE = 5, 50, 100


def measure(hub, folder, dialect="weir", grace_seconds=1):
    """The figures of a run, and the status the load generator ended with."""
    path = folder / "figures.json"
    done = subprocess.run(
        [CHECKOUT / ".build/release/LoadGenerator", "fan-out", "--url", f"{hub.address}/sse",
         "--generate-url", f"{hub.address}/publish", "--dialect", dialect,
         "--subscribers", str(STREAMS), "--rate", str(RATE), "--seconds", str(EVENTS / RATE),
         "--grace-seconds", str(grace_seconds), "--json", path],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert path.exists(), done.stderr
    return json.loads(path.read_text()), done.returncode


def only_of_stream(wanted, change):
    def script(stream, events):
        if stream != wanted:
            return events
        # Whoever shows an id first is believed: that is to be another one.
        time.sleep(0.3)
        return change(events)

    return script


def swapped(events):
    return events[:10] + [events[11], events[10]] + events[12:]


FAULTS = {
    "an event that a stream never shows is lost": (
        lambda events: events[:10] + events[11:], "lost", 1),
    "events that a stream never shows in the end are lost": (
        lambda events: events[:-3], "lost", 3),
    "an event that is shown again is doubled": (
        lambda events: events[:11] + events[10:], "duplicated", 1),
    "an event behind a younger one is out of order": (swapped, "out_of_order", 1),
    "an event under another's id is wrong": (
        lambda events: events[:10] + [(11, 11), (10, 12)] + events[12:], "wrong", 2),
    "a stream that ends is told": (lambda events: [*events, None], "ended_streams", 1),
}


def test_a_run_without_a_fault_is_told_to_be_exact(tmp_path):
    with ScriptedHub() as hub:
        figures, status = measure(hub, tmp_path)
    assert status == 0
    assert figures["delivered"] == STREAMS * EVENTS
    for key in ("lost", "duplicated", "out_of_order", "wrong", "ended_streams"):
        assert figures[key] == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_one_stream_among_others_is_found(tmp_path, fault):
    change, key, count = FAULTS[fault]
    with ScriptedHub(only_of_stream(3, change)) as hub:
        figures, status = measure(hub, tmp_path)
    assert status == 1
    assert figures[key] == count


def test_without_ids_an_order_that_differs_between_streams_is_found(tmp_path):
    with ScriptedHub(only_of_stream(3, swapped)) as hub:
        figures, status = measure(hub, tmp_path, dialect="plain")
    assert status == 1
    assert figures["out_of_order"] >= 1
    assert figures["lost"] == 0


def test_chunks_and_writes_may_be_cut_anywhere(tmp_path):
    seed = int(os.environ.get("WEIR_SEED", random.randrange(2**32)))
    print(f"WEIR_SEED={seed}")
    random.seed(seed)
    with ScriptedHub(piece_bytes=9) as hub:
        figures, status = measure(hub, tmp_path, grace_seconds=20)
    assert figures["delivered"] == STREAMS * EVENTS
    assert status == 0


def test_latency_counts_from_the_moment_an_event_was_due(tmp_path):
    with ScriptedHub(delay_seconds=0.3) as hub:
        figures, _ = measure(hub, tmp_path)
    # All of them come 0.3 s after the last one was due, which the first was half a second before.
    assert figures["latency_max_ms"] >= 800
    assert figures["latency_p50_ms"] >= 500


def measure_lines(site, folder):
    """The same of events that are published as the lines of one body."""
    path = folder / "figures.json"
    done = subprocess.run(
        [CHECKOUT / ".build/release/LoadGenerator", "fan-out", "--url", f"{site.address}/sse/load",
         "--publish-lines-url", f"{site.address}/publish/load", "--subscribers", str(STREAMS),
         "--rate", "1000", "--seconds", "0.2", "--grace-seconds", "20", "--json", path],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert path.exists(), done.stderr
    return json.loads(path.read_text()), done.returncode


def test_lines_of_one_body_are_published_at_their_times_and_come_to_all(site, tmp_path):
    figures, status = measure_lines(site, tmp_path)
    assert (figures["acknowledged"], figures["delivered"]) == (200, STREAMS * 200)
    assert status == 0


def test_lines_that_are_refused_are_told(site, tmp_path):
    assert site.publish("last", path="/publish/load", end=True).status == 200
    path = tmp_path / "figures.json"
    done = subprocess.run(
        [CHECKOUT / ".build/release/LoadGenerator", "fan-out", "--url", f"{site.address}/sse/other",
         "--publish-lines-url", f"{site.address}/publish/load", "--subscribers", "1", "--rate", "100",
         "--seconds", "0.1", "--grace-seconds", "0", "--json", path],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    figures = json.loads(path.read_text())
    assert (figures["acknowledged"], figures["unanswered"]) == (0, 10)
    assert figures["refused_statuses"] == "409"
