"""Figures that tests measure, printed behind the tests' results: workers of a parallel run print nothing
by themselves, but their reports carry properties."""

import pytest

_PROPERTY = "measured"


@pytest.fixture
def measured(record_property):
    """A function that puts one line of figures into the summary."""
    return lambda line: record_property(_PROPERTY, line)


def pytest_terminal_summary(terminalreporter):
    lines = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in report.user_properties
        if name == _PROPERTY
    ]
    if lines:
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.write_line(line)
