"""100 events/s to 1,000 streams, published over HTTP as people do."""

from harness.table import Goal

NAME = "latency"
TITLE = "Latency: 100 events/s to 1,000 streams, published over HTTP"


def run(bench):
    seconds = 5 if bench.is_quick else 20
    found = {
        peer.name: bench.fan_out(NAME, peer, 1000, 100, seconds, through_http=True)
        for peer in bench.peers}
    for key in ("latency_p50_ms", "latency_p99_ms", "latency_max_ms"):
        values = {name: figures[key] for name, figures in found.items()}
        goal = None
        if "weir" in values and "nchan" in values and key != "latency_max_ms":
            goal = Goal("≤ nchan's", values["weir"] <= values["nchan"])
        bench.add(TITLE, key.split("_")[1], "ms", values, goal)
    lost = {name: figures["lost"] + figures["duplicated"] + figures["out_of_order"]
            + figures["wrong"] for name, figures in found.items()}
    bench.add(
        TITLE, "lost, doubled or out of order", "events", lost,
        Goal("0", lost["weir"] == 0) if "weir" in lost else None)
    for key, label in (("hub_cpu_percent", "the hub"), ("nginx_cpu_percent", "nginx"),
                       ("generator_cpu_percent", "the load generator")):
        bench.add(TITLE, f"CPU of {label}", "% of a core", {
            name: figures.get(key) for name, figures in found.items()})
