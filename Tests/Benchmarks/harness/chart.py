"""Figures as pictures."""


def draw(table, path, machine):
    """Draws the table's main rows as an SVG; returns whether it could."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("svg")
    # Text stays text, and two runs with the same figures give the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "weir", "font.size": 9})
    from matplotlib import pyplot

    panels = [
        panel for panel in (
            ("Deliveries/s held", rows(table, "saturation", lambda row: row.unit == "deliveries/s"
                                       and row.what.endswith("streams")), True),
            ("Latency at 100 events/s × 1,000, ms", rows(
                table, "latency", lambda row: row.what in ("p50", "p99")), True),
            ("Resident memory an idle stream, KiB", rows(
                table, "memory", lambda row: row.what.endswith("all processes")), False),
            ("New streams/s let in", rows(
                table, "storm", lambda row: row.unit == "streams/s"), False),
            ("Acknowledgements/s", rows(
                table, "publishing", lambda row: row.unit == "acknowledgements/s"), True),
            ("p99 at fixed loads, ms", rows(
                table, "loads", lambda row: row.what.endswith(": p99")), True),
        ) if panel[1]]
    if not panels:
        return False
    figure, axes = pyplot.subplots(
        len(panels), 1, figsize=(9, 2.6 * len(panels)), layout="constrained", squeeze=False)
    for (title, chosen, is_logarithmic), axis in zip(panels, axes[:, 0]):
        bars(axis, table.peers, chosen, is_logarithmic)
        axis.set_title(title, loc="left")
    axes[0, 0].legend(loc="upper right", ncols=len(table.peers), frameon=False)
    figure.supxlabel(f"{machine['processor']}, {machine['nginx']}; {machine['weir']}", fontsize=7)
    figure.savefig(path, metadata={"Date": None})
    return True


def rows(table, scenario, is_wanted):
    from scenarios import all_scenarios

    title = all_scenarios()[scenario].TITLE
    return [row for row in table.rows if row.scenario == title and is_wanted(row)]


def bars(axis, peers, rows, is_logarithmic):
    width = 0.8 / len(peers)
    for index, peer in enumerate(peers):
        places, heights = [], []
        for place, row in enumerate(rows):
            value = row.values.get(peer.name)
            if isinstance(value, (int, float)) and value > 0:
                places.append(place + index * width - 0.4 + width / 2)
                heights.append(value)
        drawn = axis.bar(places, heights, width, label=peer.label)
        axis.bar_label(drawn, fmt=lambda value: f"{value:,.3g}" if value < 1000 else f"{value:,.0f}",
                       fontsize=6, padding=1)
    axis.set_xticks(range(len(rows)), [row.what.split(":")[0].strip() for row in rows])
    axis.margins(y=0.2)
    if is_logarithmic:
        axis.set_yscale("log")
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
