"""The llm command and its plugin for Anthropic."""

import pytest


@pytest.fixture
def ask(pulled, tmp_path):
    def make(door, *options, **more):
        trip = pulled(door, **more)
        settings = tmp_path / "llm"
        settings.mkdir()
        world = {"LLM_USER_PATH": str(settings)}
        if door == "openai":
            (settings / "extra-openai-models.yaml").write_text(
                f"- model_id: ours\n  model_name: {trip.model}\n  api_base: {trip.openai_url}\n"
                "  api_key_name: openai\n  supports_tools: true\n  supports_schema: true\n"
            )
            named = "ours"
        else:
            named = f"anthropic/{trip.model}"
            world["ANTHROPIC_BASE_URL"] = trip.anthropic_url
        said = trip.run("llm", "prompt", "--key", trip.key, "-m", named, *options, trip.prompt, directory=tmp_path, **world)
        return trip, said.strip()

    return make


TOOL = '''def look(word: str) -> str:
    "Looks up what a word means."
    return f"MEANING-OF-{word}"
'''


@pytest.mark.parametrize("door", ["openai", "anthropic"])
@pytest.mark.parametrize("options", [["--no-stream"], []], ids=["plain", "streamed"])
def test_plain(ask, door, options):
    trip, said = ask(door, *options, route="claude-opus-4-6")
    assert said == trip.answer
    trip.done()


@pytest.mark.parametrize("door", ["openai", "anthropic"])
def test_a_tool(ask, door):
    trip, said = ask(door, "--functions", TOOL, route="claude-opus-4-6", steps=[[("look", {"word": "lamp"})]])
    assert said.endswith(trip.answer)
    trip.done(tool=True)


@pytest.mark.parametrize("door", ["openai", "anthropic"])
def test_a_schema(ask, door):
    trip, said = ask(door, "--schema", "name, height int", route="claude-opus-4-6")
    assert said == '{"name": "seven", "height": 7}'
    trip.done()
