"""Many events in one request: a file of one event a line, sent by curl through nginx, on disk."""

import json
import subprocess
import threading
import time

from harness.process_figures import resident_kib
from harness.table import Goal

NAME = "batches"
TITLE = "A body of one event a line, {\"message\":…} of 100 bytes, sent by curl through nginx, on disk"
RATE_MINIMUM = 500_000
# Of the rate of 64 publishers of one event each, in the same run.
RATIO_MINIMUM = 10
GROWTH_MIB_MAXIMUM = 16
LINE = '{"message":"' + "m" * 85 + '"}\n'


def run(bench):
    peer = bench.peer("weir")
    if not peer:
        return
    count = 1_000_000 if bench.is_quick else 10_000_000
    with bench.running(peer) as site:
        file = site.folder / "events.ndjson"
        with open(file, "w") as output:
            for _ in range(count // 1000):
                output.write(LINE * 1000)
        # What any batch needs, and the tables that are made while one goes in.
        send(site, file, most=site.folder / "first.ndjson", count=1_000_000)
        before = resident_kib(site.pids["hub"])
        rate, most = send(site, file)
        growth = (most - before) / 1024
        options = {"url": site.publish_url(), "dialect": peer.dialect, "clients": 64,
                   "pid": list(site.pids.values())}
        found = bench.measure(
            NAME, site, "publish", count=5000 if bench.is_quick else 100_000, **options)
        single = found["acknowledged_per_second"]
        bench.add(TITLE, f"{count:,} lines", "events/s", {"weir": rate},
                  Goal(f"≥ {RATE_MINIMUM:,}", rate >= RATE_MINIMUM))
        bench.add(TITLE, "  of the rate of 64 publishers", "×", {"weir": rate / single},
                  Goal(f"≥ {RATIO_MINIMUM}", rate >= RATIO_MINIMUM * single))
        bench.add(TITLE, "  growth of the hub's memory meanwhile", "MiB", {"weir": growth},
                  Goal(f"≤ {GROWTH_MIB_MAXIMUM}", growth <= GROWTH_MIB_MAXIMUM))
        rate, _ = send(site, file, "-H", "Accept: application/x-ndjson")
        bench.add(TITLE, "  with a result line for each", "events/s", {"weir": rate})


def send(site, file, *arguments, most=None, count=None):
    """Sends a file, or its first lines by way of `most`; returns events a second, and the most memory in KiB."""
    if most:
        with open(file, "rb") as whole, open(most, "wb") as part:
            part.write(whole.read(len(LINE) * count))
        file = most
    peak = [0]
    is_over = threading.Event()

    def watch():
        while not is_over.wait(0.02):
            peak[0] = max(peak[0], resident_kib(site.pids["hub"]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    begin = time.monotonic()
    try:
        output = subprocess.run(
            ["curl", "-sS", "-f", "-T", file, "-H", "Content-Type: application/x-ndjson", *arguments,
             f"{site.address}/publish"], check=True, capture_output=True).stdout
    finally:
        seconds = time.monotonic() - begin
        is_over.set()
        watcher.join()
    accepted = output.count(b'"id":') if arguments else json.loads(output)["accepted"]
    assert accepted == file.stat().st_size // len(LINE), output[:300]
    return accepted / seconds, peak[0]
