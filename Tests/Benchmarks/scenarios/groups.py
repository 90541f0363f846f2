"""What one member of a group can get: every event goes through the group's state."""

from harness.table import Goal

NAME = "groups"
TITLE = "Groups: one member gets what waits"
RATE_MINIMUM = 20_000


def run(bench):
    peer = bench.peer("weir")
    if not peer:
        return
    count = 50_000 if bench.is_quick else 500_000
    with bench.running(peer) as site:
        filled = bench.measure(NAME, site, "fill", publish_queue=site.queue, count=count)
        epoch = filled["highest_id"].split("-")[0]
        url = site.stream_url()
        member = bench.measure(
            NAME, site, "replay", time_limit=120, url=f"{url}{'&' if '?' in url else '?'}group=bench",
            subscribers=1, count=count, last_event_id=f"{epoch}-0", pid=list(site.pids.values()))
    exact = sum(member[key] for key in ("lost", "duplicated", "out_of_order", "wrong", "gaps"))
    bench.add(TITLE, f"{count:,} events", "events/s", {"weir": member["rate"]},
              Goal(f"≥ {RATE_MINIMUM:,}", member["rate"] >= RATE_MINIMUM))
    bench.add(TITLE, "  CPU of the hub", "ns an event", {"weir": member["hub_cpu_ns_per_delivery"]})
    bench.add(TITLE, "  lost, doubled or out of order", "events", {"weir": exact},
              Goal("0", exact == 0))
