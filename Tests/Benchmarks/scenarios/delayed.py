"""Events that wait for their time: how fast they are taken in, and 10,000 that are due at one moment."""

import http.client
import json
import subprocess
import threading
import time
import urllib.request

from harness.programs import WEIR, run as run_program
from harness.table import Goal

NAME = "delayed"
TITLE = "Delayed events, on disk"
DUE_COUNT = 10_000
# All of them are out after this.
LATE_SECONDS_MAXIMUM = 2
# Live latency beside them, of that without.
LIVE_SHARE_MAXIMUM = 1.5
LIVE_MS_ALLOWANCE = 20


class Arrivals(threading.Thread):
    """Notes when events come on a stream."""

    def __init__(self, site, topic):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
        self.connection.request("GET", f"/sse/{topic}")
        self.response = self.connection.getresponse()
        self.data, self.moments = [], []

    def run(self):
        while len(self.data) < DUE_COUNT and (line := self.response.readline()):
            if line.startswith(b"data:"):
                self.data.append(line[6:-1])
                self.moments.append(time.time())


def taken_in(bench, peer):
    """How many 64 publishers get acknowledged in a second, each on disk."""
    with bench.running(peer) as site:
        return bench.measure(
            NAME, site, "publish", url=site.publish_url() + "?delay=1h", dialect="plain", clients=64,
            count=5_000 if bench.is_quick else 30_000, pid=list(site.pids.values()))


def live(bench, peer, with_due):
    """100 events/s to 100 streams; in the middle 10,000 events of another topic come due."""
    seconds = 6
    with bench.running(peer) as site:
        arrivals = due = None
        if with_due:
            arrivals = Arrivals(site, "due")
            arrivals.start()
            due = round(time.time() + seconds / 2 + 1.5, 3)
            lines = "".join(f"event {number}\n" for number in range(DUE_COUNT))
            subprocess.run(
                [WEIR, "publish", "--queue", site.queue, "--topic", "due", "--lines", "--at", f"{due}"],
                input=lines, text=True, check=True, capture_output=True)
        options = bench.fan_out_options(site, 100, 100, seconds, through_http=True)
        figures = bench.measure(NAME, site, "fan-out", time_limit=60, **options)
        if not with_due:
            return figures, None
        arrivals.join(30)
        with urllib.request.urlopen(site.address + "/publish/delayed") as answer:
            waiting = json.load(answer)["count"]
        run_program([WEIR, "check", "--queue", site.queue])
        return figures, {
            "first": (arrivals.moments[0] - due) * 1000, "last": (arrivals.moments[-1] - due) * 1000,
            "lost": DUE_COUNT - len(set(arrivals.data)) + waiting,
            "twice": len(arrivals.data) - len(set(arrivals.data))}


def run(bench):
    peer = bench.peer("weir")
    if not peer:
        return
    taken = taken_in(bench, peer)
    bench.add(TITLE, "taken in, 64 publishers", "acknowledgements/s",
              {"weir": taken["acknowledged_per_second"]})
    bench.add(TITLE, "  acknowledged after, p99", "ms", {"weir": taken["acknowledgement_p99_ms"]})
    before, _ = live(bench, peer, with_due=False)
    beside, due = live(bench, peer, with_due=True)
    label = f"{DUE_COUNT:,} due at one moment"
    bench.add(TITLE, f"{label}: the first one late by", "ms", {"weir": due["first"]},
              Goal("0 to 1,000", 0 <= due["first"] <= 1000))
    bench.add(TITLE, "  the last one late by", "ms", {"weir": due["last"]},
              Goal(f"≤ {LATE_SECONDS_MAXIMUM * 1000:,}", due["last"] <= LATE_SECONDS_MAXIMUM * 1000))
    bench.add(TITLE, "  lost or doubled", "events", {"weir": due["lost"] + due["twice"]},
              Goal("0", due["lost"] + due["twice"] == 0))
    limit = before["latency_p99_ms"] * LIVE_SHARE_MAXIMUM + LIVE_MS_ALLOWANCE
    bench.add(TITLE, "live events to 100 streams without them, p99", "ms", {"weir": before["latency_p99_ms"]})
    bench.add(TITLE, "  beside them, p99", "ms", {"weir": beside["latency_p99_ms"]},
              Goal(f"≤ {limit:.0f}", beside["latency_p99_ms"] <= limit))
