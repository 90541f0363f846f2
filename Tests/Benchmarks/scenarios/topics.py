"""What a delivery costs where topics are many and their streams few."""

from harness.table import Goal

NAME = "topics"
TITLE = "Many topics: CPU of hub and nginx, ns a delivery"
DELIVERIES = 20_000
RATIO_MAXIMUM = 1.3


def cost(figures):
    return figures["hub_cpu_ns_per_delivery"] + figures["nginx_cpu_ns_per_delivery"]


def run(bench):
    peer = bench.peer("weir")
    if not peer:
        return
    seconds = 3 if bench.is_quick else 8
    for subscribers, topics_each in ((1000, 100), (9000, 1)):
        one = bench.fan_out(NAME, peer, subscribers, DELIVERIES / subscribers, seconds)
        with bench.running(peer) as site:
            # Each event is wanted by one stream.
            options = bench.fan_out_options(site, subscribers, DELIVERIES, seconds) | {
                "url": site.address + "/sse", "topics_per_stream": topics_each}
            many = bench.measure(NAME, site, "fan-out", time_limit=60, **options)
        count = subscribers * topics_each
        ratio = cost(many) / cost(one)
        bench.add(TITLE, f"one topic, {subscribers:,} streams, {DELIVERIES:,} deliveries/s",
                  "ns a delivery", {"weir": cost(one)})
        bench.add(TITLE, f"{count:,} topics, {subscribers:,} streams with {topics_each} each",
                  "ns a delivery", {"weir": cost(many)},
                  Goal(f"≤ {RATIO_MAXIMUM} × one topic's: {ratio:.2f} ×", ratio <= RATIO_MAXIMUM))
        bench.add(TITLE, "  p99, one topic", "ms", {"weir": one["latency_p99_ms"]})
        bench.add(TITLE, "  p99, many topics", "ms", {"weir": many["latency_p99_ms"]})
        bench.add(TITLE, "  lost, doubled or out of order", "runs",
                  {"weir": (not one["held"]) + (not many["held"])})
