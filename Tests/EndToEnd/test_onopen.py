"""From `onopen` on nothing is missed: plain EventSource in a real browser, while weir is killed at random
and streams are opened before, in and after its absence.

10 rounds, 200 with LONG=1. The seed of what is drawn is told where the test fails; WEIR_SEED=N takes it
again, though the processes' own timing stays their own.
"""

import http.client
import os
import random
import threading
import time

from processes import wait_until

ROUND_COUNT = 200 if os.environ.get("LONG") == "1" else 10
# A browser opens no more HTTP/1.1 connections to a host at once than six.
STREAM_COUNT = 4

LISTEN = """
window.streams = window.streams || [];
const stream = {opened: null, events: [], gaps: [], source: new EventSource("/sse")};
stream.source.onopen = () => { stream.opened = stream.opened ?? performance.timeOrigin + performance.now(); };
stream.source.onmessage = (event) => stream.events.push(event.data);
stream.source.addEventListener("weir.gap", (event) => stream.gaps.push(event.data));
streams.push(stream);
"""
REPORT = "return streams.map(({opened, events, gaps}) => ({opened, events, gaps}))"
CLOSE = "streams.forEach((stream) => stream.source.close()); streams = [];"


class Publisher(threading.Thread):
    """Publishes one event after another, and knows when each that was acknowledged began."""

    def __init__(self, site, name, pause_seconds):
        super().__init__(daemon=True)
        self.site = site
        self.name = name
        self.pause_seconds = pause_seconds
        self.is_stopped = threading.Event()
        self.acknowledged = []

    def run(self):
        number = 0
        while not self.is_stopped.wait(self.pause_seconds):
            number += 1
            begin = time.time() * 1000
            try:
                answer = self.site.publish(f"{self.name} {number}")
            except (OSError, http.client.HTTPException):
                continue
            if answer.status == 200:
                self.acknowledged.append((begin, f"{self.name} {number}"))


def run_round(browser, site, name, dice):
    """Returns what was missed, came twice or in another order."""
    publisher = Publisher(site, name, dice.choice([0.002, 0.03, 0.3, 0.6]))
    steps = [(dice.uniform(0, 0.8), lambda: browser.execute_script(LISTEN)) for _ in range(STREAM_COUNT)]
    killed_at = dice.uniform(0.1, 0.5)
    steps += [(killed_at, site.kill_weir), (killed_at + dice.choice([0, 0.4]), site.start_weir)]
    publisher.start()
    begin = time.monotonic()
    for due, step in sorted(steps, key=lambda step: step[0]):
        time.sleep(max(0, begin + due - time.monotonic()))
        step()
    wait_until(lambda: all(stream["opened"] for stream in browser.execute_script(REPORT)), "all to open")
    publisher.is_stopped.set()
    publisher.join()
    last = f"{name} last"
    publisher.acknowledged.append((time.time() * 1000, last))
    site.publish_all([last])
    try:
        wait_until(
            lambda: all(last in stream["events"] for stream in browser.execute_script(REPORT)), "the last event")
    except AssertionError:
        pass
    streams = browser.execute_script(REPORT)
    browser.execute_script(CLOSE)
    complaints = []
    for number, stream in enumerate(streams):
        events = stream["events"]
        # A millisecond for the browser's rounding.
        missed = [text for begun, text in publisher.acknowledged
                  if begun > stream["opened"] + 1 and text not in events]
        order = [int(text.split()[1]) for text in events if not text.endswith("last")]
        if missed or stream["gaps"] or order != sorted(set(order)) or events.count(last) != 1:
            complaints.append((name, number, missed[:5], stream["gaps"], order[:20]))
    return complaints


def test_from_onopen_on_nothing_is_missed_while_weir_is_killed(browser, make_site):
    seed = int(os.environ.get("WEIR_SEED") or random.SystemRandom().getrandbits(63))
    print(f"WEIR_SEED={seed}")
    dice = random.Random(seed)
    site = make_site("--retry", "400", configure=lambda text: text.replace("retry: 2000", "retry: 100"))
    # A page of the site without streams of its own.
    browser.get(f"{site.address}/page.css")
    complaints = []
    for number in range(ROUND_COUNT):
        complaints += run_round(browser, site, f"round-{number}", dice)
    assert complaints == []
    log = (site.folder / "nginx-access.log").read_text()
    assert log.count(" retry\n") > ROUND_COUNT / 4, "some came while weir was away"
