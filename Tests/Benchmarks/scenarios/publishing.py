"""Acknowledgements a second, with keep-alive."""

import re

from harness.programs import WEIR, run as run_program
from harness.table import Goal

NAME = "publishing"
TITLE = "Publishing through nginx, 100-byte events; weir's are on disk, the others' in memory"
PER_SECOND_MINIMUM = 25_000


def count_on_disk(site):
    """Events in the queue's files; fails where any is damaged."""
    text = run_program([WEIR, "check", "--queue", site.queue])
    return int(re.search(r"(\d+) events", text).group(1))


def run(bench):
    scale = 1 if bench.is_quick else 4
    peers = [peer for peer in bench.peers if not peer.makes_events]
    for clients, count in ((1, 1000 * scale), (16, 10_000 * scale), (64, 30_000 * scale)):
        found = {}
        for peer in peers:
            with bench.running(peer) as site:
                found[peer.name] = bench.measure(
                    NAME, site, "publish", url=site.publish_url(), dialect=peer.dialect,
                    clients=clients, count=count, pid=list(site.pids.values()))
                if peer.name == "weir":
                    found["weir"]["on_disk"] = count_on_disk(site)
        rates = {name: figures["acknowledged_per_second"] for name, figures in found.items()}
        goal = None
        if clients == 64 and "weir" in rates:
            goal = Goal(f"≥ {PER_SECOND_MINIMUM:,}/s", rates["weir"] >= PER_SECOND_MINIMUM)
        bench.add(TITLE, f"{clients} publishers", "acknowledgements/s", rates, goal)
        bench.add(TITLE, "  acknowledged after, p99", "ms", {
            name: figures["acknowledgement_p99_ms"] for name, figures in found.items()})
        if "weir" in found:
            on_disk = found["weir"]["on_disk"]
            bench.add(TITLE, f"  of {count:,} acknowledged: on disk", "events", {"weir": on_disk},
                      Goal(f"{count:,}", on_disk == count))
    if bench.peer("weir"):
        with bench.running(bench.peer("weir")) as site:
            sync = bench.measure(NAME, site, "sync", file=site.folder / "sync", seconds=3)
        bench.add(TITLE, "write and fdatasync in a bare loop, same file system", "syncs/s",
                  {"weir": sync["syncs_per_second"]})
