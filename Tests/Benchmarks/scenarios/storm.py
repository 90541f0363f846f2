"""How many new streams a second are let in."""

import pathlib

from processes import wait_until

from harness.table import Goal

NAME = "storm"
TITLE = "Connection storm: new streams"


def run(bench):
    count = 4000 if bench.is_quick else 8000
    idle, flowing = {}, {}
    for peer in bench.peers:
        with bench.running(peer) as site:
            idle[peer.name] = bench.measure(
                NAME, site, "storm", url=site.stream_url("quiet"), subscribers=count)
    report(bench, "with nothing else to do", idle, None)
    # Those that carry this load at all.
    for peer in bench.peers_named("weir", "limit"):
        with bench.running(peer) as site:
            options = bench.fan_out_options(site, 1000, 1000, 10)
            with bench.load("fan-out", 60, **options) as flood:
                # All 1,000 are open, and events flow.
                wait_until(lambda: is_flowing(site), "the flood")
                flowing[peer.name] = bench.measure(
                    NAME, site, "storm", url=site.stream_url("quiet"), subscribers=count - 1000,
                    seconds=6)
                meanwhile = bench.take(NAME, site, "fan-out", options, flood)
                flowing[peer.name]["meanwhile_p99_ms"] = meanwhile["latency_p99_ms"]
    report(bench, "while 1 M deliveries/s flow to 1,000 others", flowing, 5000)
    bench.add(TITLE, "  p99 of the others meanwhile", "ms", {
        name: figures["meanwhile_p99_ms"] for name, figures in flowing.items()})


def is_flowing(site):
    """Whether nginx has sent much more than the heads of 1,000 responses."""
    for line in pathlib.Path(f"/proc/{site.worker_pid}/io").read_text().splitlines():
        if line.startswith("wchar:"):
            return int(line.split()[1]) > 20_000_000
    return False


def report(bench, what, found, least):
    rates = {name: figures["opened_per_second"] for name, figures in found.items()}
    goal = Goal(f"≥ {least:,}/s", rates["weir"] >= least) if least and "weir" in rates else None
    bench.add(TITLE, what, "streams/s", rates, goal)
    bench.add(TITLE, "  refused", "streams", {
        name: figures["refused"] for name, figures in found.items()})
