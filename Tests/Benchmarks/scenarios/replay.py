"""Many subscribers come back at once and want all that there is."""

from harness.process_figures import peak_resident_kib
from harness.table import Goal

NAME = "replay"
TITLE = "Replay: 1,000 streams resume at once"
LIVE_SUBSCRIBERS, LIVE_RATE = 100, 100


def run(bench):
    peer = bench.peer("weir")
    if not peer:
        return
    count = 20_000 if bench.is_quick else 200_000
    with bench.running(peer) as site:
        live = bench.fan_out_options(site, LIVE_SUBSCRIBERS, LIVE_RATE, 3, topic="live")
        alone = bench.measure(NAME, site, "fan-out", **live)
    with bench.running(peer) as site:
        filled = bench.measure(NAME, site, "fill", publish_queue=site.queue, count=count)
        epoch = filled["highest_id"].split("-")[0]
        options = {
            "url": site.stream_url(), "subscribers": 1000, "count": count,
            "last_event_id": f"{epoch}-0", "pid": list(site.pids.values())}
        # About as long as the replay takes.
        live["seconds"] = max(3, 1000 * count / 2_500_000)
        live |= bench.fan_out_options(
            site, LIVE_SUBSCRIBERS, LIVE_RATE, live["seconds"], topic="live")
        with bench.load("fan-out", 600, **live) as others:
            replay = bench.measure(NAME, site, "replay", time_limit=400, **options)
            peak = peak_resident_kib(site.hub.pid)
            meanwhile = bench.take(NAME, site, "fan-out", live, others)
    exact = sum(replay[key] for key in ("lost", "duplicated", "out_of_order", "wrong", "gaps"))
    bench.add(TITLE, f"{count:,} events each: in all", "deliveries/s", {"weir": replay["rate"]})
    bench.add(TITLE, "  time", "s", {"weir": replay["seconds"]})
    bench.add(TITLE, "  lost, doubled or out of order", "events", {"weir": exact},
              Goal("0", exact == 0))
    bench.add(TITLE, "  CPU of the hub", "ns a delivery",
              {"weir": replay["hub_cpu_ns_per_delivery"]})
    bench.add(TITLE, "  the hub's resident memory at its peak", "KiB", {"weir": peak})
    bench.add(TITLE, f"{LIVE_SUBSCRIBERS} live streams alone: p99", "ms",
              {"weir": alone["latency_p99_ms"]})
    bench.add(TITLE, "  meanwhile: p99", "ms", {"weir": meanwhile["latency_p99_ms"]})
    bench.add(TITLE, "  meanwhile: lost, doubled or out of order", "runs",
              {"weir": int(not meanwhile["held"])}, Goal("0", meanwhile["held"]))
