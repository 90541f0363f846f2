"""Fan-out at rising rates, up to the highest that is held."""

from harness.table import Goal

NAME = "saturation"
TITLE = "Fan-out: deliveries/s that are held, 100-byte events, published over HTTP"
# Where the search begins, in deliveries/s.
BEGIN = {"weir": 2_500_000, "limit": 4_000_000, "nchan": 100_000, "pushpin": 50_000, "go": 250_000, "go-nginx": 150_000}
GROWTH = 1.6
# What is found is one of the steps of a ladder this far apart.
STEP = GROWTH ** 0.25
DELIVERIES_MAXIMUM = 12_000_000
SEARCH_SECONDS = 3
# What a short run holds, with a buffer that fills, a longer one may not.
PROOF_SECONDS = 15
# The published rates that weir is to reach at least, and how many times nchan's.
DELIVERIES_MINIMUM = {1000: 4_000_000, 5000: 2_000_000}
# The same of events that come as the lines of one body over HTTP.
DELIVERIES_MINIMUM_IN_LINES = {100: 5_000_000}
TIMES_NCHAN_MINIMUM = {1000: 6, 5000: 10}


def is_held(figures, rate):
    """98 % of the rate, everything delivered in order, and 99 % of it within a second."""
    return (
        figures["held"] and figures["rate"] >= 0.98 * rate and figures["latency_p99_ms"] < 1000)


def search(bench, peer, subscribers, **source):
    """The figures of the highest rate that is held, with `deliveries_per_second`; or None."""

    def hold(deliveries, seconds):
        rate = deliveries / subscribers
        figures = bench.fan_out(NAME, peer, subscribers, rate, seconds, **source)
        if is_held(figures, rate):
            return figures | {"deliveries_per_second": figures["rate"] * subscribers}
        return None

    low, high = 0, BEGIN[peer.name]
    while high <= DELIVERIES_MAXIMUM and hold(high, SEARCH_SECONDS):
        low, high = high, high * GROWTH
    while low == 0 and high > 1000:
        high /= GROWTH
        if hold(high, SEARCH_SECONDS):
            low, high = high, high * GROWTH
    for _ in range(0 if bench.is_quick else 2):
        if low == 0 or high > DELIVERIES_MAXIMUM:
            break
        middle = (low * high) ** 0.5
        low, high = (middle, high) if hold(middle, SEARCH_SECONDS) else (low, middle)
    while low > 1000:
        found = hold(low, SEARCH_SECONDS if bench.is_quick else PROOF_SECONDS)
        if found:
            return found
        low /= STEP
    return None


def ratio_goal(subscribers, values):
    """How many times nchan's rate weir's is to be; None where they are not compared."""
    times = TIMES_NCHAN_MINIMUM.get(subscribers)
    weir, nchan = values.get("weir"), values.get("nchan")
    if not times or not weir or not nchan:
        return None
    return Goal(f"≥ {times} × nchan's: {weir / nchan:.0f} ×", weir >= times * nchan)


def run(bench):
    for subscribers in [1000] if bench.is_quick else [100, 1000, 5000, 9000]:
        found = {}
        for peer in bench.peers:
            # The Go servers show the middle of the field: two points of it are enough.
            if peer.name.startswith("go") and subscribers in (100, 9000):
                continue
            with bench.unless_it_fails(f"{NAME}, {subscribers:,} streams", peer):
                found[peer.name] = search(bench, peer, subscribers, through_http=True)
        values = {
            name: best["deliveries_per_second"] if best else 0 for name, best in found.items()}
        bench.add(TITLE, f"{subscribers:,} streams", "deliveries/s", values,
                  ratio_goal(subscribers, values))
        describe(bench, found)
        if not bench.peer("weir"):
            continue
        for how, least, source in (
            ("as lines of one body", DELIVERIES_MINIMUM_IN_LINES.get(subscribers), {"in_lines": True}),
            ("straight into the queue", DELIVERIES_MINIMUM.get(subscribers), {}),
        ):
            if not least:
                continue
            best = search(bench, bench.peer("weir"), subscribers, **source)
            deliveries = best["deliveries_per_second"] if best else 0
            bench.add(TITLE, f"{subscribers:,} streams, published {how}",
                      "deliveries/s", {"weir": deliveries},
                      Goal(f"≥ {least / 1e6:.0f} M", deliveries >= least))
            describe(bench, {"weir": best})


def describe(bench, found):
    for key, label, unit in (
        ("latency_p50_ms", "p50 at it", "ms"), ("latency_p99_ms", "p99 at it", "ms"),
        ("hub_cpu_ns_per_delivery", "CPU of the hub", "ns a delivery"),
        ("nginx_cpu_ns_per_delivery", "CPU of nginx", "ns a delivery"),
        ("generator_cpu_percent", "CPU of the load generator", "% of a core"),
    ):
        bench.add(TITLE, f"  {label}", unit, {
            name: best.get(key) for name, best in found.items() if best})
