"""The figures of all peers, side by side."""

import dataclasses


@dataclasses.dataclass
class Goal:
    """What a figure of weir's has to be. `limit` is in the row's unit."""

    text: str
    is_reached: bool


@dataclasses.dataclass
class Row:
    scenario: str
    what: str
    unit: str
    # By the peer's name; a text stands for a figure that could not be had.
    values: dict
    goal: Goal | None = None

    @property
    def ratio(self):
        """weir to nchan."""
        weir, nchan = self.values.get("weir"), self.values.get("nchan")
        if isinstance(weir, (int, float)) and isinstance(nchan, (int, float)) and nchan:
            return weir / nchan
        return None


def shown(value):
    """A figure with three digits that count, at least."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}"


class Table:
    """Rows in the order they were measured."""

    def __init__(self, peers):
        self.peers = peers
        self.rows = []

    def add(self, row):
        self.rows.append(row)
        marks = "" if row.goal is None else f"   {row.goal.text}: {self.verdict(row)}"
        figures = ", ".join(
            f"{peer.label} {shown(row.values[peer.name])}"
            for peer in self.peers if row.values.get(peer.name) is not None)
        print(f"  {row.what}: {figures} {row.unit}{marks}", flush=True)

    @staticmethod
    def verdict(row):
        if row.goal is None:
            return ""
        return "reached" if row.goal.is_reached else "MISSED"

    @property
    def missed(self):
        return [row for row in self.rows if row.goal and not row.goal.is_reached]

    def text(self):
        head = ["", "unit", *(peer.label for peer in self.peers), "weir : nchan", "goal", ""]
        lines = []
        scenario = None
        for row in self.rows:
            if row.scenario != scenario:
                scenario = row.scenario
                lines.append(scenario)
            ratio = "" if row.ratio is None else f"{row.ratio:.2f} ×"
            lines.append([
                "  " + row.what, row.unit,
                *(shown(row.values.get(peer.name)) for peer in self.peers),
                ratio, row.goal.text if row.goal else "", self.verdict(row)])
        cells = [head, *(line for line in lines if isinstance(line, list))]
        widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
        number_columns = range(2, 3 + len(self.peers))
        text = []
        for line in [head, *lines]:
            if isinstance(line, str):
                text.append(line)
                continue
            text.append("  ".join(
                cell.rjust(width) if column in number_columns else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(line, widths))).rstrip())
        return "\n".join(text)
