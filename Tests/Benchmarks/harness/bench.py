"""A run of the benchmark: the peers, where it works, what was measured."""

import contextlib

from harness.failure import Failure
from harness.load import Load
from harness.process_figures import name
from harness.site import running
from harness.table import Row, Table


class Bench:
    def __init__(self, peers, folder, is_quick, quiet):
        self.peers = peers
        self.folder = folder
        self.is_quick = is_quick
        self.quiet = quiet
        self.table = Table(peers)
        # Peers that could not do something, and why.
        self.left_out = []
        # Every figure of every measurement.
        self.records = []

    def peer(self, name):
        """The peer of that name, or None where it could not be had."""
        return next((peer for peer in self.peers if peer.name == name), None)

    def peers_named(self, *names):
        return [peer for peer in self.peers if peer.name in names]

    @contextlib.contextmanager
    def unless_it_fails(self, scenario, peer):
        """Goes on with the other peers where one can't take part; weir has to."""
        try:
            yield
        except Failure as failure:
            if peer.name == "weir":
                raise
            self.left_out.append(f"{scenario}: {peer.label}: {failure}")
            print(f"  {peer.label}: not measured: {failure}", flush=True)

    def running(self, peer):
        """A fresh site of the peer, once the machine is quiet."""
        self.quiet.wait()
        return running(peer, self.folder)

    def add(self, scenario, what, unit, values, goal=None):
        self.table.add(Row(scenario, what, unit, values, goal))

    def load(self, command, time_limit, **options):
        return Load(command, time_limit, **options)

    def measure(self, scenario, site, command, time_limit=120, **options):
        """Runs the load generator to its end; the hub's figures are named hub_…"""
        with Load(command, time_limit, **options) as load:
            return self.take(scenario, site, command, options, load)

    def take(self, scenario, site, command, options, load):
        """Waits for a measurement's figures, and keeps them."""
        figures = load.figures()
        if site.hub:
            prefix = name(site.peer.hub_pid(site)) + "_"
            figures = {
                "hub_" + key.removeprefix(prefix) if key.startswith(prefix) else key: value
                for key, value in figures.items()}
        kept = {key: value for key, value in options.items() if isinstance(value, (int, float))}
        self.records.append({
            "scenario": scenario, "peer": site.peer.name, "command": command, "options": kept,
            "figures": figures})
        return figures

    def source(self, site, topic="load", through_http=False, in_lines=False):
        """Where a run's events come from: weir's out of the queue, where nothing else is said."""
        if site.peer.makes_events:
            return {"generate_url": site.publish_url(topic)}
        if in_lines:
            return {"publish_lines_url": site.publish_url(topic)}
        if site.peer.name == "weir" and not through_http:
            return {"publish_queue": site.queue, "topic": topic}
        return {"publish_url": site.publish_url(topic)}

    def fan_out_options(self, site, subscribers, rate, seconds, topic="load", **source):
        return {
            "url": site.stream_url(topic), "dialect": site.peer.dialect, "subscribers": subscribers,
            "rate": rate, "seconds": seconds, "grace_seconds": 3, "pid": list(site.pids.values()),
        } | self.source(site, topic, **source)

    def fan_out(self, scenario, peer, subscribers, rate, seconds, **source):
        """One run against a fresh site."""
        with self.running(peer) as site:
            options = self.fan_out_options(site, subscribers, rate, seconds, **source)
            return self.measure(
                scenario, site, "fan-out", time_limit=2 * seconds + 30, **options)
