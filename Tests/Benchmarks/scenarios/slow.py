"""Streams that nobody reads, among healthy ones."""

from harness.process_figures import resident_kib
from harness.table import Goal

NAME = "slow"
TITLE = "Slow clients: 1,000 stalled streams among 1,000 healthy ones"
STALLED = 1000
DATA_BYTES = 16_000
P99_RATIO_MAXIMUM = 1.2
KIB_MAXIMUM = 64


def run(bench):
    peer = bench.peer("weir")
    if not peer:
        return
    byte_count = 200_000_000 if bench.is_quick else 1_000_000_000
    without = measure(bench, peer, byte_count, 0)
    with_them = measure(bench, peer, byte_count, STALLED)
    ratio = with_them["latency_p99_ms"] / without["latency_p99_ms"]
    growth = (with_them["hub_rss_kib"] - without["hub_rss_kib"]) / STALLED
    size = f"{byte_count / 1e9:.1f} GB published meanwhile"
    bench.add(TITLE, f"healthy p99 without them, {size}", "ms",
              {"weir": without["latency_p99_ms"]})
    bench.add(TITLE, f"healthy p99 with them, {size}", "ms", {"weir": with_them["latency_p99_ms"]},
              Goal(f"≤ {P99_RATIO_MAXIMUM} ×: {ratio:.2f} ×", ratio <= P99_RATIO_MAXIMUM))
    bench.add(TITLE, "the hub's memory a stalled stream", "KiB", {"weir": growth},
              Goal(f"≤ {KIB_MAXIMUM} KiB", growth <= KIB_MAXIMUM))
    bench.add(TITLE, "lost, doubled or out of order to healthy ones", "runs",
              {"weir": (not without["held"]) + (not with_them["held"])},
              Goal("0", without["held"] and with_them["held"]))


def measure(bench, peer, byte_count, stalled):
    """100 events/s to healthy streams, while many bytes go to a topic that the stalled ones want too."""
    rate = 2000
    count = byte_count // DATA_BYTES
    with bench.running(peer) as site:
        waiting = []
        try:
            if stalled:
                # It ends with the site; the time limit is only for when this program dies.
                load = bench.load(
                    "stall", 600, url=site.address + "/sse?topic=bulk&topic=load",
                    subscribers=stalled)
                waiting.append(load)
                load.wait_for_figures()
            options = bench.fan_out_options(site, 1000, 100, count / rate) | {"grace_seconds": 20}
            healthy = bench.load("fan-out", 300, **options)
            waiting.append(healthy)
            bench.measure(
                NAME, site, "fill", time_limit=300, publish_queue=site.queue, topic="bulk",
                count=count, rate=rate, data_bytes=DATA_BYTES)
            figures = bench.take(NAME, site, "fan-out", options, healthy)
            figures["hub_rss_kib"] = resident_kib(site.hub.pid)
            return figures
        finally:
            for load in waiting:
                load.stop()
