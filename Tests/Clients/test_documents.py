"""Targets of links in the documents exist, and the documents agree with the program on its version."""

import json
import re
from urllib.parse import unquote

import pytest
from holdfast import REPO, cli

DOCUMENTS = sorted(
    path.relative_to(REPO)
    for pattern in ("*.md", "docs/*.md", "examples/**/*.md", "Benchmarks/*.md")
    for path in REPO.glob(pattern)
)
#: Folders whose files are named by their path from the root. What stands in a
#: folder with a dot is made at run time.
FOLDERS = ("Sources", "Tests", "Scripts", "Benchmarks", "docs", "examples", ".ci")


def prose(text):
    """Without blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text):
    """Of the headings, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        # Equal headings are numbered.
        number, name = 0, slug
        while name in found:
            number += 1
            name = f"{slug}-{number}"
        found.add(name)
    return found


def broken_links(document, text):
    """Links within the repository that lead nowhere."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (REPO / document).parent / path if path else REPO / document
        if not file.exists():
            yield target
        elif anchor and anchor not in anchors(file.read_text()):
            yield target


def missing_files(text):
    """Paths that stand as code, and are not there. A star stands for any characters."""
    for path in re.findall(r"`((?:" + "|".join(map(re.escape, FOLDERS)) + r")/[^`\s:{}…]*)`", prose(text)):
        if "/." not in path and not any(REPO.glob(path.rstrip("/"))):
            yield path


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_what_a_document_points_at_is_there(document):
    text = (REPO / document).read_text()
    assert not (broken := [*broken_links(document, text), *missing_files(text)]), broken


def test_a_link_that_leads_nowhere_is_found():
    text = "## A heading, twice\n[a](#a-heading-twice) [b](#another) [c](docs/none.md) `Sources/None.swift` `Sources/*`"
    document = DOCUMENTS[0]
    assert list(broken_links(document, text)) == ["#a-heading-twice", "#another", "docs/none.md"]
    assert anchors(text) == {"a-heading-twice"} and list(missing_files(text)) == ["Sources/None.swift"]


def test_the_newest_version_of_the_changelog_is_the_programs():
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", (REPO / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == json.loads(cli("version", "--json", check=0).stdout)["version"]
    assert versions == sorted(versions, key=lambda version: [int(part) for part in version.split(".")], reverse=True)
