"""What an idle stream costs in memory."""

from harness.table import Goal

NAME = "memory"
TITLE = "Idle memory: resident, a stream"
HUB_KIB_MAXIMUM = 0.5
ALL_KIB_MAXIMUM = 12


def run(bench):
    for subscribers in [1000, 5000] if bench.is_quick else [1000, 5000, 9000]:
        hub, nginx, both, pss = {}, {}, {}, {}
        for peer in bench.peers:
            figures = None
            with bench.unless_it_fails(f"{NAME}, {subscribers:,} streams", peer), bench.running(peer) as site:
                figures = bench.measure(
                    NAME, site, "idle", url=site.stream_url(), subscribers=subscribers, seconds=2,
                    pid=list(site.pids.values()))
            if not figures:
                continue
            hub[peer.name] = figures.get("hub_rss_per_stream_kib")
            nginx[peer.name] = figures.get("nginx_rss_per_stream_kib")
            both[peer.name] = (hub[peer.name] or 0) + (nginx[peer.name] or 0)
            pss[peer.name] = (figures.get("hub_pss_per_stream_kib") or 0) + (
                figures.get("nginx_pss_per_stream_kib") or 0)
        goals = [None, None]
        if "weir" in both:
            goals = [
                Goal(f"≤ {ALL_KIB_MAXIMUM} KiB", both["weir"] <= ALL_KIB_MAXIMUM),
                Goal(f"≤ {HUB_KIB_MAXIMUM} KiB", hub["weir"] <= HUB_KIB_MAXIMUM)]
        bench.add(TITLE, f"{subscribers:,} streams: all processes", "KiB", both, goals[0])
        bench.add(TITLE, "  of it the hub", "KiB", hub, goals[1])
        bench.add(TITLE, "  of it nginx's worker", "KiB", nginx)
        bench.add(TITLE, "  all processes, Pss", "KiB", pss)
