"""What access rules cost: a publish with a bearer token beside one without rules, and memory by grants."""

import hashlib
import statistics

from harness.process_figures import resident_kib
from harness.table import Goal
from peers.weir import Weir

NAME = "access"
TITLE = "Access rules: 64 publishers through nginx, on disk"
TOKEN = "weir_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
# Of the rate, and of the hub's CPU a publish, without rules.
SHARE_MINIMUM = 0.95
GRANT_COUNT = 100_000
TURN_COUNT = 5


class Ruled(Weir):
    """weir with rules: one grant for the load's token, among others."""

    def __init__(self, grant_count):
        self.grant_count = grant_count

    def hub_command(self, site):
        path = site.folder / "access.toml"
        with open(path, "w", encoding="utf-8") as file:
            for number in range(self.grant_count):
                token = TOKEN if number == self.grant_count // 2 else f"token {number}"
                digest = hashlib.sha256(token.encode()).hexdigest()
                file.write(
                    f'[[grant]]\nname = "g{number}"\ntoken = "sha256:{digest}"\n'
                    f'publish = ["load", "own.{number}.>"]\nsubscribe = ["load"]\n\n')
        return [*super().hub_command(site), "--access", path]


def run(bench):
    if not bench.peer("weir"):
        return
    variants = {
        "no rules": (Weir(), None), "a bearer token": (Ruled(1), TOKEN),
        f"the same, {GRANT_COUNT:,} grants": (Ruled(GRANT_COUNT), TOKEN)}
    count = 10_000 if bench.is_quick else 60_000
    rates = {name: [] for name in variants}
    costs = {name: [] for name in variants}
    memory = {}
    # In turns, because the machine's speed changes.
    for _ in range(2 if bench.is_quick else TURN_COUNT):
        for name, (peer, token) in variants.items():
            with bench.running(peer) as site:
                memory[name] = resident_kib(site.hub.pid)
                figures = bench.measure(
                    NAME, site, "publish", url=site.publish_url(), dialect="weir", clients=64, count=count,
                    token=token, pid=list(site.pids.values()))
            rates[name].append(figures["acknowledged_per_second"])
            costs[name].append(figures["hub_cpu_percent"] / 100 / figures["acknowledged_per_second"] * 1e6)
    for name in variants:
        rate, cost = statistics.median(rates[name]), statistics.median(costs[name])
        goal = None
        if name != "no rules":
            share = statistics.median(one / other for one, other in zip(rates[name], rates["no rules"]))
            goal = Goal(f"≥ {SHARE_MINIMUM} × without: {share:.3f} ×", share >= SHARE_MINIMUM)
        bench.add(TITLE, name, "acknowledgements/s", {"weir": rate}, goal)
        bench.add(TITLE, "  CPU of the hub", "µs a publish", {"weir": cost})
        bench.add(TITLE, "  memory of the hub before", "MiB", {"weir": memory[name] / 1024})
