"""Acknowledgements a second, with keep-alive: as many publishes under way as there are publishers."""

import re

from harness.programs import WEIR, run as run_program
from harness.table import Goal

NAME = "publishing"
TITLE = "Publishing through nginx, 100-byte events; weir's are on disk, the others' in memory"
# Of the rate at which a C program over libfcgi answers and keeps nothing.
LIMIT_SHARE_MINIMUM = 0.6
# Events of the run that shows how many there are in a second.
TRIAL_COUNT = 2000


def count_on_disk(site):
    """Events in the queue's files; fails where any is damaged."""
    text = run_program([WEIR, "check", "--queue", site.queue])
    return int(re.search(r"(\d+) events", text).group(1))


def run(bench):
    seconds = 1 if bench.is_quick else 5
    for clients in (1, 16, 64):
        found = {}
        for peer in bench.peers:
            with bench.running(peer) as site:
                options = {
                    "url": site.publish_url(), "dialect": peer.dialect, "clients": clients,
                    "pid": list(site.pids.values())}
                trial = bench.measure(NAME, site, "publish", count=TRIAL_COUNT, **options)
                count = int(trial["acknowledged_per_second"] * seconds) + 1
                found[peer.name] = bench.measure(NAME, site, "publish", count=count, **options)
                if peer.name == "weir":
                    found["weir"]["on_disk"] = count_on_disk(site) - TRIAL_COUNT
        rates = {name: figures["acknowledged_per_second"] for name, figures in found.items()}
        goal = None
        if clients == 64 and "weir" in rates and "limit" in rates:
            share = rates["weir"] / rates["limit"]
            goal = Goal(f"≥ {LIMIT_SHARE_MINIMUM} × C's: {share:.2f} ×", share >= LIMIT_SHARE_MINIMUM)
        bench.add(TITLE, f"{clients} publishers", "acknowledgements/s", rates, goal)
        bench.add(TITLE, "  acknowledged after, p99", "ms", {
            name: figures["acknowledgement_p99_ms"] for name, figures in found.items()})
        bench.add(TITLE, "  CPU of the load generator", "% of a core", {
            name: figures["generator_cpu_percent"] for name, figures in found.items()})
        if "weir" in found:
            on_disk, count = found["weir"]["on_disk"], found["weir"]["acknowledged"]
            bench.add(TITLE, f"  of {count:,} acknowledged: on disk", "events", {"weir": on_disk},
                      Goal(f"{count:,}", on_disk == count))
    if bench.peer("weir"):
        with bench.running(bench.peer("weir")) as site:
            sync = bench.measure(NAME, site, "sync", file=site.folder / "sync", seconds=3)
        bench.add(TITLE, "write and fdatasync in a bare loop, same file system", "syncs/s",
                  {"weir": sync["syncs_per_second"]})
