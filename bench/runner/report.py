# SPDX-License-Identifier: MIT
"""Results as a table: medians of the runs, and ratios of figures from the same run."""

import platform
import statistics
from pathlib import Path

from measure import GREENROOM, LIMIT

BUSY_FROM_PCT = 90
TEXTS_LAST = 3  # the last columns of the table: what must be, who was busy


def machine(folder: Path) -> str:
    """The lines that every figure needs beside it."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    cores = Path("/proc/cpuinfo").read_text().count("processor\t")
    return f"{model}, {cores} cores, Linux {platform.release()}, data on {file_system(folder)}"


def file_system(folder: Path) -> str:
    """The type of the file system that holds the folder."""
    best, kind = "", "?"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, this_kind = line.split()[:3]
        inside = point == "/" or folder == Path(point) or Path(point) in folder.parents
        if inside and len(point) >= len(best):
            best, kind = point, this_kind
    return kind


def number(value, decimals: int) -> str:
    return "–" if value is None else f"{value:,.{decimals}f}"


def busy(result: dict) -> str:
    """Which side was at its limit, with what both used of their core."""
    server, load = result.get("srv_pct"), result.get("cli_pct")
    if load is None:
        return f"disk (CPU {server} %)"
    used = f"{server} % / {load} %"
    if server >= BUSY_FROM_PCT and load >= BUSY_FROM_PCT:
        return f"both {used}"
    if server >= BUSY_FROM_PCT:
        return f"server {used}"
    if load >= BUSY_FROM_PCT:
        return f"load {used}"
    return f"neither {used}"


class Report:
    def __init__(self, cases, others):
        self.cases = cases
        self.others = others  # peers, beside greenroom and the limit
        self.failed = []  # "case, server"
        self.results = {}  # (case, server) → results by run

    def add(self, run: int, name: str, result: dict):
        self.results.setdefault((result["case"], name), {})[run] = result

    def _values(self, case, name, figure) -> dict:
        found = self.results.get((case.name, name), {})
        values = {run: figure.of(result) for run, result in found.items()}
        return {run: value for run, value in values.items() if value is not None}

    def _median(self, case, figure, name) -> str:
        values = self._values(case, name, figure)
        return number(statistics.median(values.values()) if values else None, figure.decimals)

    def _ratio(self, case, figure, other) -> str:
        """Of each run for itself, so that a machine that changes its pace does not matter."""
        ours, theirs = self._values(case, GREENROOM, figure), self._values(case, other, figure)
        pairs = [ours[run] / theirs[run] for run in ours if theirs.get(run)]
        return number(statistics.median(pairs) if pairs else None, 3)

    def _reference(self, case, figure, beside) -> dict:
        """By run: what a figure is compared with."""
        if beside == "limit + sync":
            trip = self._values(case, LIMIT, figure)
            sync = self._values_of("ingest c1", LIMIT, figure)
            return {run: trip[run] + sync[run] for run in trip if run in sync}
        for start, server in (("case ", GREENROOM), ("limit of ", LIMIT)):
            if beside.startswith(start):
                return self._values_of(beside.removeprefix(start), server, figure)
        return self._values(case, beside, figure)

    def _values_of(self, name, server, figure) -> dict:
        other = next((c for c in self.cases if c.name == name), None)
        return self._values(other, server, figure) if other else {}

    def _must(self, case, figure) -> str:
        """What it must be, and whether it is: of the medians of runs, like the ratios."""
        told = []
        ours = self._values(case, GREENROOM, figure)
        for must in case.musts.get(figure.name, []):
            found = list(ours.values())
            if must.beside:
                theirs = self._reference(case, figure, must.beside)
                found = [ours[run] / theirs[run] for run in ours if theirs.get(run)]
            if not found:
                continue  # who it is compared with was not measured
            value = statistics.median(found)
            met = value <= must.value if figure.less_is_better else value >= must.value
            sign = "≤" if figure.less_is_better else "≥"
            beside = f" {must.beside.removeprefix('case ')}" if must.beside else ""
            told.append(f"{sign} {must.value:,g}{beside}: {'met' if met else 'MISSED'}")
        return "; ".join(told) or "–"

    def _busy(self, case, name) -> str:
        found = self.results.get((case.name, name), {})
        if not found or case.kind in ("idle", "storm"):
            return "–"
        middle = sorted(found.values(), key=lambda r: r["srv_pct"])[len(found) // 2]
        return busy(middle)

    def rows(self) -> list:
        head = ["case", "figure", "ratio", GREENROOM, LIMIT]
        for name in self.others:
            head += [f"to {name}", name]
        table = [[*head, "must", "busy: greenroom", "busy: limit"]]
        for case in self.cases:
            if (case.name, GREENROOM) not in self.results:
                continue
            known = [f for f in case.figures() if self._values(case, GREENROOM, f)]
            for index, figure in enumerate(known):
                row = [case.name if index == 0 else "", figure.title,
                       self._ratio(case, figure, LIMIT), self._median(case, figure, GREENROOM),
                       self._median(case, figure, LIMIT)]  # fmt: skip
                for name in self.others:
                    row += [self._ratio(case, figure, name), self._median(case, figure, name)]
                row.append(self._must(case, figure))
                first = index == 0
                row += [self._busy(case, n) if first else "" for n in (GREENROOM, LIMIT)]
                table.append(row)
        return table

    def disturbed(self) -> list:
        """Runs that stayed disturbed in all attempts, as texts."""
        return [
            f"{case}, {name}, run {run + 1}: others used {result['others_pct']} % of a core"
            for (case, name), runs in self.results.items()
            for run, result in runs.items()
            if not result["clean"]
        ]


def as_text(rows: list) -> str:
    numbers_end = len(rows[0]) - TEXTS_LAST
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            # Numbers to the right, texts to the left.
            cell.rjust(width) if 2 <= i < numbers_end else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def as_markdown(rows: list) -> str:
    def line(cells):
        return "| " + " | ".join(cells) + " |"

    count = len(rows[0])
    rule = ["---:" if 2 <= i < count - TEXTS_LAST else "---" for i in range(count)]
    return "\n".join([line(rows[0]), line(rule), *map(line, rows[1:])])
