"""The latest value of one topic among very many events."""

import socket
import statistics
import subprocess
import time

from processes import wait_until

from harness.programs import WEIR
from harness.table import Goal
from peers.weir import Weir

NAME = "last"
TITLE = "last=1 of one topic: to its event, with a new connection each"
LIMIT_MS = 10


class Keeping(Weir):
    """One that keeps more than the usual gigabyte."""

    def hub_command(self, site):
        return [*super().hub_command(site), "--retention-bytes", "none"]


def run(bench):
    if not bench.peer("weir"):
        return
    count = 1_000_000 if bench.is_quick else 10_000_000
    with bench.running(Keeping()) as site:
        # At the far end of all segments, and where it is found at once.
        publish(site, "first")
        bench.measure(NAME, site, "fill", time_limit=300, publish_queue=site.queue, count=count)
        publish(site, "newest")
        segments = len(list(site.queue.glob("*.sse")))
        wait_until(lambda: len(list(site.queue.glob("*.topics"))) == segments - 1, "the tables")
        report(bench, f"the event before {count:,} others", measure(site, "first"))
        report(bench, f"the event behind {count:,} others", measure(site, "newest"))
        report(bench, f"of the topic of all {count:,}", measure(site, "load"))


def publish(site, topic):
    subprocess.run(
        [WEIR, "publish", "--queue", site.queue, "--topic", topic, "the value"], check=True,
        stdout=subprocess.DEVNULL)


def measure(site, topic):
    """Milliseconds from the connect to the event: the first time, and then."""
    return [look(site, topic) for _ in range(200)]


def look(site, topic):
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", site.port)) as connection:
        connection.sendall(f"GET /sse/{topic}?last=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        got = b""
        while b"\ndata: " not in got:
            got += connection.recv(65536)
    return (time.monotonic() - begin) * 1000


def report(bench, what, times):
    median, first = statistics.median(times), times[0]
    bench.add(TITLE, f"{what}: p50", "ms", {"weir": median},
              Goal(f"≤ {LIMIT_MS} ms", median <= LIMIT_MS))
    bench.add(TITLE, "  p99", "ms", {"weir": sorted(times)[-2]})
    # Then the tables are read as a whole, to see whether they are right.
    bench.add(TITLE, "  the first time since the start of weir", "ms", {"weir": first})
