"""LlamaIndex, by both doors."""

import asyncio

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai_like import OpenAILike
from trip import STEPS, look

doors = pytest.mark.parametrize("door", ["openai", "anthropic"])


def model_of(trip, door):
    if door == "openai":
        return OpenAILike(
            trip.model, api_base=trip.openai_url, api_key=trip.key, max_retries=0, is_chat_model=True,
            is_function_calling_model=True, context_window=100_000,
        )  # fmt: skip
    # It counts by the name.
    return Anthropic("claude-sonnet-4-5", base_url=trip.anthropic_url, api_key=trip.key, max_retries=0, max_tokens=900)


@doors
def test_plain_and_streamed(pulled, door):
    trip = pulled(door, route="claude-sonnet-4-5")
    model, talk = model_of(trip, door), [ChatMessage(role="user", content=trip.prompt)]
    assert model.chat(talk).message.content == trip.answer
    assert "".join(piece.delta or "" for piece in model.stream_chat(talk)) == trip.answer
    trip.done()


@doors
def test_an_agent_with_a_tool(pulled, door):
    trip = pulled(door, route="claude-sonnet-4-5", steps=STEPS)
    agent = FunctionAgent(tools=[FunctionTool.from_defaults(look)], llm=model_of(trip, door))

    async def run():
        return str(await agent.run(trip.prompt))

    assert asyncio.run(run()) == trip.answer
    trip.done(tool=True)
