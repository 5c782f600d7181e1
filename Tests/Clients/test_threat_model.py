"""The threat model names a test for each claim: all of them exist."""

import re

from holdfast import REPO


def test_every_claim_names_tests_that_exist():
    claims = [
        line for line in (REPO / "docs/threat-model.md").read_text().split("## What is not defended")[0].splitlines()
        if line.startswith("| ") and "Shown by" not in line
    ]  # fmt: skip
    known = set()
    for file in [*(REPO / "Tests").glob("*/*.swift"), *(REPO / "Tests/Clients").glob("*.py")]:
        known |= set(re.findall(r"(?:func|def) (\w+)\(", file.read_text()))
    shown = [re.findall(r"`(\w+)`", line.rsplit("|", 2)[1]) for line in claims if line.count("|") == 3]
    assert len(shown) >= 20 and all(shown), "a claim without a test"
    assert not (missing := sorted({name for names in shown for name in names} - known)), missing
