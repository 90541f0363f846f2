"""Figures as pictures."""


def plotting():
    """matplotlib's pyplot, set up for SVG; None where it is not installed."""
    try:
        import matplotlib
    except ImportError:
        return None
    matplotlib.use("svg")
    # Text stays text, and two runs with the same figures give the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "weir", "font.size": 9})
    from matplotlib import pyplot

    return pyplot


def draw(table, path, machine):
    """Draws the table's main rows as an SVG, where matplotlib is there."""
    pyplot = plotting()
    if not pyplot:
        return
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
        return
    figure, axes = pyplot.subplots(
        len(panels), 1, figsize=(9, 2.6 * len(panels)), layout="constrained", squeeze=False)
    for (title, chosen, is_logarithmic), axis in zip(panels, axes[:, 0]):
        bars(axis, table.peers, chosen, is_logarithmic)
        axis.set_title(title, loc="left")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), frameon=False)
    save(figure, path, machine)


def draw_course(samples, path, machine):
    """Draws how memory and descriptors went, as an SVG."""
    pyplot = plotting()
    if not pyplot:
        return
    minutes = [one["seconds"] / 60 for one in samples]
    figure, axes = pyplot.subplots(2, 1, figsize=(9, 5), layout="constrained", sharex=True)
    for axis, key, title, unit in (
        (axes[0], "resident_kib", "Resident memory, MiB", 1024),
        (axes[1], "descriptors", "Descriptors", 1),
    ):
        for what, label in (("hub", "weir"), ("nginx", "nginx's worker")):
            axis.plot(minutes, [one[what][key] / unit for one in samples], label=label)
        axis.set_title(title, loc="left")
        axis.set_ylim(bottom=0)
        without_frame(axis)
    axes[0].legend(frameon=False)
    axes[1].set_xlabel("minutes")
    save(figure, path, machine)


def save(figure, path, machine):
    figure.supxlabel(f"{machine['processor']}, {machine['nginx']}; {machine['weir']}", fontsize=7)
    figure.savefig(path, metadata={"Date": None})


def without_frame(axis):
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


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
        axis.bar_label(
            drawn, fmt=lambda value: f"{value:,.3g}" if value < 1000 else f"{value:,.0f}",
            fontsize=6, padding=1)
    axis.set_xticks(range(len(rows)), [row.what.split(":")[0].strip() for row in rows])
    axis.set_xlim(-0.5, len(rows) - 0.5)
    axis.margins(y=0.2)
    if is_logarithmic:
        axis.set_yscale("log")
    without_frame(axis)
