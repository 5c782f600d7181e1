"""Aider, a program of the command line, by both doors."""

import pytest

SAID = """A change:

poem.txt
<<<<<<< SEARCH
dark
=======
bright
>>>>>>> REPLACE
"""


@pytest.mark.parametrize("door", ["openai", "anthropic"])
@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
def test_it_edits_a_file(pulled, door, stream, tmp_path):
    trip = pulled(door, answers=[SAID])
    (tmp_path / "poem.txt").write_text("dark\n")
    if door == "openai":
        world = {"OPENAI_API_KEY": trip.key, "OPENAI_API_BASE": trip.openai_url}
    else:
        world = {"ANTHROPIC_API_KEY": trip.key, "ANTHROPIC_API_BASE": trip.anthropic_url}
    trip.run(
        "aider", "--model", f"{door}/{trip.model}", "--edit-format", "diff", "--message", trip.prompt, "--yes-always", "--no-git",
        "--no-check-update", "--no-show-release-notes", "--no-analytics", "--no-show-model-warnings", "--no-detect-urls",
        "--map-tokens", "0", stream, "poem.txt", directory=tmp_path, **world,
    )  # fmt: skip
    assert (tmp_path / "poem.txt").read_text() == "bright\n"
    trip.done()
