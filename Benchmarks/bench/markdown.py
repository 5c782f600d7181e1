"""Rows, numbers and goals as they stand in RESULTS.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass
class Goal:
    """A goal of the benchmarks and the result; `found` is empty if one of the sides is missing."""

    text: str
    found: list[float] | None
    holds: Callable[[float], bool]
    shown: Callable[[float], str]
    unit: str = "rounds"

    def row(self) -> str:
        if not self.found:
            return f"| {self.text} | not measured | |"
        middle = median(self.found)
        spread = ""
        if len(self.found) > 1:
            spread = f" ({self.shown(min(self.found))} to {self.shown(max(self.found))}; {len(self.found)} {self.unit})"
        return f"| {self.text} | {self.shown(middle)}{spread} | {'**met**' if self.holds(middle) else '**missed**'} |"


def number(value: float | None, digits: int, divisor: float = 1) -> str:
    return "" if value is None else f"{value / divisor:,.{digits}f}"


def rows(head: list[str], lines: list[list[str]], left: int = 1) -> str:
    """A table; the columns after the first `left` are of numbers."""
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *lines])
