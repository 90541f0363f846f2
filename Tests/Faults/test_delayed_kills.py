"""Two workers are killed at random, again and again, while events are published later and cancelled: each that
was taken in is published once, none that was cancelled, and none before its time.

15 rounds, 150 with LONG=1; WEIR_SEED=N takes the same kills again.
"""

import collections
import http.client
import json
import os
import random
import threading
import time

import pytest

from processes import wait_until, weir
from site_under_test import Site

ROUND_COUNT = 150 if os.environ.get("LONG") == "1" else 15


class Writer(threading.Thread):
    """Publishes texts of its own later, every fourth with a key, until it is told to stop."""

    def __init__(self, site, name, seed_of_delays):
        super().__init__(daemon=True)
        self.site, self.name_, self.delays = site, name, seed_of_delays
        self.taken, self.cancelled, self.number = {}, set(), 0
        self.is_stopped = threading.Event()

    def run(self):
        while not self.is_stopped.is_set():
            self.number += 1
            self.step(f"{self.name_} {self.number}")

    def step(self, text):
        keyed = self.number % 4 == 0
        fields = {"delay": f"{self.delays.randrange(1, 900)}ms"} | ({"key": text} if keyed else {})
        # With a key it is sent again until it is answered, as it may be taken in already.
        for _ in range(20 if keyed else 1):
            try:
                answer = self.site.publish(text, **fields)
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
                continue
            if answer.status in (200, 202):
                self.taken[text] = answer.json().get("due", 0)
                if answer.status == 202 and self.number % 7 == 0:
                    self.cancel(text, answer.json()["delayed"])
                return
            time.sleep(0.02)

    def cancel(self, text, id_):
        try:
            answer = self.site.request("DELETE", f"/publish/delayed/{id_}")
        except (OSError, http.client.HTTPException):
            self.taken.pop(text)  # It may be cancelled or not.
            return
        if answer.status == 200:
            self.cancelled.add(text)
        elif answer.status not in (404, 409):
            self.taken.pop(text)


@pytest.fixture
def pair(state):
    site = Site(state / "site", workers=2)
    yield site.start()
    site.stop()


def test_each_delayed_event_is_published_once_while_workers_are_killed(pair, chance):
    writers = [Writer(pair, f"w{number}", random.Random(chance.random())) for number in range(3)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(ROUND_COUNT):
            time.sleep(chance.uniform(0.05, 0.4))
            both = chance.random() < 0.3
            for worker in (0, 1) if both else (chance.randrange(2),):
                pair.kill_weir(worker)
            time.sleep(chance.uniform(0, 0.1))
            for worker in (0, 1):
                if pair.weirs[worker].poll() is not None:
                    pair.start_weir(worker)
    finally:
        for writer in writers:
            writer.is_stopped.set()
        for writer in writers:
            writer.join()
    wait_until(lambda: pair.request("GET", "/publish/delayed").json()["count"] == 0, "all to be published")
    time.sleep(0.3)
    exported = weir("export", "--queue", pair.queue).stdout.splitlines()
    events = [json.loads(line) for line in exported]
    counts = collections.Counter(event["message"] for event in events)
    times = {event["message"]: event["time"] for event in events}
    assert [text for text, count in counts.items() if count > 1] == [], "published twice"
    for writer in writers:
        wanted = set(writer.taken) - writer.cancelled
        assert len(wanted) > ROUND_COUNT, "the writer got something through"
        assert sorted(wanted - set(counts)) == [], "taken in and not published"
        assert sorted(writer.cancelled & set(counts)) == [], "cancelled and published"
        early = [text for text, due in writer.taken.items() if text in times and times[text] < due]
        assert early == [], "published before their time"
    assert weir("check", "--queue", pair.queue).returncode == 0
