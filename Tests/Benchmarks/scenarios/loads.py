"""Fixed loads, against the least that a FastCGI program takes."""

import statistics

from harness.table import Goal

NAME = "loads"
TITLE = "Fixed loads"
# Streams, deliveries/s, and the p99 in ms that weir is to stay below.
LOADS = [(1000, 1_000_000, None), (1000, 2_000_000, 60), (5000, 1_000_000, 150)]
CPU_RATIO_MAXIMUM = 1.15
FLAT_RATIO_MAXIMUM = 1.3


def run(bench):
    seconds = 3 if bench.is_quick else 8
    rounds = 1 if bench.is_quick else 3
    for subscribers, deliveries, p99 in LOADS[:2] if bench.is_quick else LOADS:
        found = {}
        # In turns, because the machine is not the same from one minute to the next.
        for _ in range(rounds):
            for peer in bench.peers_named("weir", "limit"):
                figures = bench.fan_out(NAME, peer, subscribers, deliveries / subscribers, seconds)
                found.setdefault(peer.name, []).append(figures)

        def values(key):
            return {name: statistics.median(figures[key] for figures in all_)
                    for name, all_ in found.items()}

        what = f"{deliveries / 1e6:.0f} M deliveries/s, {subscribers:,} streams"
        late = values("latency_p99_ms")
        goal = Goal(f"≤ {p99} ms", late["weir"] <= p99) if p99 and "weir" in late else None
        bench.add(TITLE, f"{what}: p99", "ms", late, goal)
        bench.add(TITLE, "  p50", "ms", values("latency_p50_ms"))
        bench.add(TITLE, "  lost, doubled or out of order, or not published in time", "runs", {
            name: sum(not figures["held"] for figures in all_) for name, all_ in found.items()})
        cpu = values("hub_cpu_ns_per_delivery")
        goal = None
        if "weir" in cpu and "limit" in cpu:
            ratio = cpu["weir"] / max(cpu["limit"], 0.1)
            goal = Goal(
                f"≤ {CPU_RATIO_MAXIMUM} × C's: {ratio:.2f} ×", ratio <= CPU_RATIO_MAXIMUM)
        bench.add(TITLE, "  CPU of the hub, which reads the queue", "ns a delivery", cpu, goal)
        bench.add(TITLE, "  CPU of the thread that makes the events and writes them into it",
                  "ns a delivery", {"weir": values("publisher_cpu_ns_per_delivery").get("weir")})
        bench.add(TITLE, "  CPU of nginx", "ns a delivery", values("nginx_cpu_ns_per_delivery"))
    measure_flatness(bench, seconds)


def measure_flatness(bench, seconds):
    """Whether a delivery costs the same for few streams and for many, at 1 M deliveries/s."""
    peer = bench.peer("weir")
    if not peer:
        return
    costs = {}
    for subscribers in [100, 1000, 5000] if bench.is_quick else [100, 1000, 5000, 9000]:
        figures = bench.fan_out(NAME, peer, subscribers, 1_000_000 / subscribers, seconds)
        costs[subscribers] = (
            figures["hub_cpu_ns_per_delivery"] + figures["nginx_cpu_ns_per_delivery"])
    ratio = max(costs.values()) / min(costs.values())
    for subscribers, cost in costs.items():
        bench.add(TITLE, f"1 M deliveries/s, {subscribers:,} streams: CPU of hub and nginx",
                  "ns a delivery", {"weir": cost})
    bench.add(TITLE, "  the dearest to the cheapest", "×", {"weir": ratio},
              Goal(f"≤ {FLAT_RATIO_MAXIMUM} ×", ratio <= FLAT_RATIO_MAXIMUM))
