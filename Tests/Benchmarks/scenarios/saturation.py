"""Fan-out at rising rates, up to the highest that is held."""

from harness.table import Goal

NAME = "saturation"
TITLE = "Fan-out: deliveries/s that are held, 100-byte events"
# Where the search begins, in deliveries/s.
BEGIN = {"weir": 2_000_000, "limit": 2_000_000, "nchan": 100_000, "go": 100_000, "go-nginx": 60_000}
GROWTH = 1.6
DELIVERIES_MAXIMUM = 12_000_000


def is_held(figures, rate):
    """98 % of the rate, everything delivered in order, and 99 % of it within a second."""
    return (
        figures["held"] and figures["rate"] >= 0.98 * rate and figures["latency_p99_ms"] < 1000)


def search(bench, peer, subscribers, **source):
    """The figures of the highest rate that is held, with `deliveries_per_second`; or None."""
    seconds = 3 if bench.is_quick else 5
    best = None

    def hold(deliveries):
        nonlocal best
        rate = deliveries / subscribers
        # A second try, because other processes may have had the machine for a moment.
        for _ in range(1 if bench.is_quick else 2):
            figures = bench.fan_out(NAME, peer, subscribers, rate, seconds, **source)
            if is_held(figures, rate):
                best = figures | {"deliveries_per_second": figures["rate"] * subscribers}
                return True
        return False

    low, high = 0, BEGIN[peer.name]
    while high <= DELIVERIES_MAXIMUM and hold(high):
        low, high = high, high * GROWTH
    while low == 0 and high > 1000 and not best:
        high /= GROWTH
        if hold(high):
            low, high = high, high * GROWTH
    for _ in range(1 if bench.is_quick else 2):
        if low == 0 or high > DELIVERIES_MAXIMUM:
            break
        middle = (low * high) ** 0.5
        if hold(middle):
            low = middle
        else:
            high = middle
    return best


def goal(subscribers, values):
    """What weir is to reach: so many deliveries/s, and so many times nchan's."""
    wanted = {1000: (4_000_000, 6), 5000: (2_000_000, 10)}.get(subscribers)
    if not wanted:
        return None
    deliveries, times = wanted
    weir, nchan = values.get("weir") or 0, values.get("nchan") or 0
    text = f"≥ {deliveries / 1e6:.0f} M, ≥ {times} × nchan"
    return Goal(text, weir >= deliveries and weir >= times * nchan)


def run(bench):
    counts = [1000] if bench.is_quick else [100, 1000, 5000, 9000]
    for subscribers in counts:
        found = {}
        for peer in bench.peers:
            # The Go server's goal is the middle of the field: two points of it are enough.
            if peer.name.startswith("go") and subscribers in (100, 9000):
                continue
            found[peer.name] = search(bench, peer, subscribers)
        values = {
            name: best["deliveries_per_second"] if best else 0 for name, best in found.items()}
        what = f"{subscribers:,} streams"
        bench.add(TITLE, what, "deliveries/s", values, goal(subscribers, values))
        for key, label, unit in (
            ("latency_p50_ms", "p50 at it", "ms"), ("latency_p99_ms", "p99 at it", "ms"),
            ("hub_cpu_ns_per_delivery", "CPU of the hub", "ns a delivery"),
            ("nginx_cpu_ns_per_delivery", "CPU of nginx", "ns a delivery"),
            ("generator_cpu_percent", "CPU of the load generator", "% of a core"),
        ):
            bench.add(TITLE, f"  {label}", unit, {
                name: best.get(key) for name, best in found.items() if best})
        if subscribers == 1000 and bench.peer("weir"):
            best = search(bench, bench.peer("weir"), subscribers, through_http=True)
            bench.add(TITLE, "  published through nginx instead of into the queue", "deliveries/s", {
                "weir": best["deliveries_per_second"] if best else 0})
