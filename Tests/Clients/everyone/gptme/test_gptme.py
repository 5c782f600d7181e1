"""Gptme, a program of the command line, by both doors."""

import pytest

COMMAND = "echo MEANING-OF-$((40 + 2))"
#: Told in blocks of an answer, or as calls.
IN_WORDS = {"answers": [f"```shell\n{COMMAND}\n```", "```complete\n```"]}
AS_CALLS = {"steps": [[("shell", {"command": COMMAND})], [("complete", {})]]}


@pytest.mark.parametrize("door", ["openai", "anthropic"])
@pytest.mark.parametrize("format, told", [("markdown", IN_WORDS), ("tool", AS_CALLS)], ids=["words", "calls"])
def test_it_runs_a_command(pulled, door, format, told, tmp_path):
    trip = pulled(door, route="claude-opus-4-6", **told)
    if door == "openai":
        model, world = f"local/{trip.model}", {"OPENAI_API_KEY": trip.key, "OPENAI_BASE_URL": trip.openai_url}
    else:
        model, world = f"anthropic/{trip.model}", {"ANTHROPIC_API_KEY": trip.key, "ANTHROPIC_BASE_URL": trip.anthropic_url}
    heard = trip.run(
        "gptme", "--non-interactive", "--no-confirm", "--tool-format", format, "--tools", "shell,complete", "--model", model,
        trip.prompt, directory=tmp_path, **world,
    )  # fmt: skip
    assert "MEANING-OF-42" in heard
    trip.done()
