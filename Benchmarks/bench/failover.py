"""The tables and goals of `faults`, `switch` and `happy`."""

from __future__ import annotations

from statistics import median, quantiles

from . import faults, happy, switch
from .markdown import Goal, number, rows
from .rounds import Series
from .trial import Verdict

TITLES = {
    **switch.TITLES,
    **{peer.name: peer.title for peer in (happy.Baseline, happy.OneCandidate, happy.TwoCandidates)},
}
# What is compared with the baseline: in which series, its name in the samples, its title, whether more is better.
COSTS = [
    ("happy", "cpu_us", "CPU a request", False),
    ("happy", "rate", "throughput", True),
    ("happy-streams", "cpu_us_an_event", "CPU a stream event", False),
]


def tables(results: dict[str, Series], verdicts: dict[str, list[Verdict]], titles: dict[str, str]) -> list[str]:
    parts = []
    if verdicts:
        parts.append(_faults(verdicts, titles))
    if series := results.get("switch"):
        parts.append(_switch(series))
    if "happy" in results:
        parts.append(_happy(results))
    return parts


def goals(results: dict[str, Series], verdicts: dict[str, list[Verdict]]) -> list[Goal]:
    count = len(faults.FAULTS) + len(faults.WITHDRAWALS)
    right = [float(_right(verdicts["holdfast"]))] if "holdfast" in verdicts else None
    switches = results.get("switch", Series())
    found = [
        Goal(f"the right outcome on all {len(faults.FAULTS)} faults and {len(faults.WITHDRAWALS)} withdrawals", right,
             lambda value: value >= count, lambda value: f"{value:.0f} of {count}"),
        *(
            Goal(f"a switch in mid-stream adds ≤ 5 ms; {switch.TITLES[key]}", switches.values(key, "added"),
                 lambda value: value <= 5, lambda value: f"{value:.2f} ms", "switches")
            for key in switch.TITLES
        ),
    ]  # fmt: skip
    if "happy" not in results:
        return [*found, Goal("the happy path stays within 5% of the baseline", None, bool, str)]
    for key, route in ((happy.ONE, "one candidate"), (happy.TWO, "two candidates")):
        for series, name, title, more in COSTS:
            found.append(
                Goal(
                    f"{title} {'≥ 0.95' if more else '≤ 1.05'} × the baseline's, {route}",
                    _over_baseline(results[series], name, key),
                    (lambda value: value >= 0.95) if more else (lambda value: value <= 1.05),
                    lambda value: f"{value:.2f} ×",
                )
            )
    return found


def _faults(verdicts: dict[str, list[Verdict]], titles: dict[str, str]) -> str:
    listed = [*faults.FAULTS, *faults.WITHDRAWALS]
    lines = [
        [str(number), fault.title, *(verdicts[key][number - 1].cell() for key in verdicts)]
        for number, fault in enumerate(listed, 1)
    ]
    total = ["", "**right**", *(f"**{_right(taken)} of {len(listed)}**" for taken in verdicts.values())]
    return (
        "Faults: a primary that fails and a standby that is well. Calls: to the primary + to the standby; "
        "seconds: of the request that took longest\n\n"
        + rows(["", "fault", *(titles[key] for key in verdicts)], [*lines, total], left=2 + len(verdicts))
    )


def _right(taken: list[Verdict]) -> int:
    return sum(not verdict.problem for verdict in taken)


def _switch(series: Series) -> str:
    lines = []
    for key, title in switch.TITLES.items():
        added = series.values(key, "added")
        if not added:
            continue
        lines.append(
            [
                title,
                str(len(added)),
                number(median(added), 2),
                number(quantiles(added, n=10)[-1] if len(added) > 1 else added[0], 2),
                number(max(added), 2),
                *(number(series.middle(key, name), 2) for name in ("seen", "react", "deliver", "standby")),
            ]
        )
    return (
        "Switch: the gap at a switch in mid-stream less the standby's own time to its first token, ms\n\n"
        + rows(
            ["", "switches", "added p50", "p90", "most", "seen by the caller p50", "cut → standby asked p50",
             "standby's token → caller p50", "standby's own time (left out) p50"],
            lines,
        )
    )  # fmt: skip


def _happy(results: dict[str, Series]) -> str:
    lines = []
    for key in (happy.OLD, happy.ONE, happy.TWO):
        line = [TITLES[key]]
        for series, name, _, more in COSTS:
            line.append(number(results[series].middle(key, name), 0 if more else 1))
            ratios = _over_baseline(results[series], name, key) if key != happy.OLD else []
            line.append(f"{median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})" if ratios else "")
        lines.append(line)
    return (
        "Happy path: nothing fails; of baseline: the median of the rounds' ratios (least to most)\n\n"
        + rows(
            ["", "CPU µs a request", "of baseline", "requests/s", "of baseline", "CPU µs an event", "of baseline"],
            lines,
        )
    )


def _over_baseline(series: Series, name: str, key: str) -> list[float]:
    return series.paired(name, lambda ours, theirs: ours / theirs, key, happy.OLD)
