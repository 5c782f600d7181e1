"""CrewAI, by both doors."""

import pytest
from crewai import LLM
from trip import STEPS, look

TOOL = {
    "type": "function",
    "function": {
        "name": "look", "description": "Looks up what a word means.",
        "parameters": {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
    },
}  # fmt: skip
doors = pytest.mark.parametrize("door", ["openai", "anthropic"])


def model_of(trip, door, **more):
    if door == "openai":
        return LLM(trip.model, provider="openai", base_url=trip.openai_url, api_key=trip.key, max_retries=0, **more)
    return LLM(trip.model, provider="anthropic", base_url=trip.anthropic_url, api_key=trip.key, max_retries=0, max_tokens=900, **more)


@doors
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_plain(pulled, door, stream):
    trip = pulled(door)
    assert model_of(trip, door, stream=stream).call([{"role": "user", "content": trip.prompt}]) == trip.answer
    trip.done()


@doors
def test_a_tool(pulled, door):
    trip = pulled(door, steps=STEPS)
    found = model_of(trip, door).call([{"role": "user", "content": trip.prompt}], tools=[TOOL], available_functions={"look": look})
    assert found in ("MEANING-OF-lamp", trip.answer)
    trip.done()
