"""LiteLLM, by both doors."""

import json

import litellm
import pytest
from trip import MEANING, STEPS

DOORS = {"openai": "openai", "anthropic": "anthropic"}
TOOL = {
    "type": "function",
    "function": {
        "name": "look", "description": "Looks up what a word means.",
        "parameters": {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
    },
}  # fmt: skip


@pytest.fixture(params=DOORS)
def ask(request, pulled):
    def make(**more):
        trip = pulled(request.param, **more)
        url = trip.openai_url if request.param == "openai" else trip.anthropic_url
        options = {"model": f"{request.param}/{trip.model}", "api_base": url, "api_key": trip.key, "num_retries": 0}
        return trip, lambda **asked: litellm.completion(**options, **asked)

    return make


def test_plain_and_streamed(ask):
    trip, asked = ask()
    talk = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": trip.prompt}]
    assert asked(messages=talk).choices[0].message.content == trip.answer
    chunks = asked(messages=talk, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == trip.answer
    trip.done()


def test_a_tool(ask):
    trip, asked = ask(steps=STEPS)
    talk = [{"role": "user", "content": trip.prompt}]
    first = asked(messages=talk, tools=[TOOL]).choices[0].message
    [call] = first.tool_calls
    assert json.loads(call.function.arguments) == {"word": "lamp"}
    talk += [first.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": MEANING}]
    chunks = asked(messages=talk, tools=[TOOL], stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == trip.answer
    trip.done(tool=True)
