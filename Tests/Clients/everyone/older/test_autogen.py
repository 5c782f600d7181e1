"""AutoGen, by both doors."""

import asyncio

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core.models import ModelInfo, UserMessage
from autogen_ext.models.anthropic import AnthropicChatCompletionClient
from autogen_ext.models.openai import OpenAIChatCompletionClient
from trip import STEPS, look

doors = pytest.mark.parametrize("door", ["openai", "anthropic"])
INFO = ModelInfo(vision=False, function_calling=True, json_output=True, family="unknown", structured_output=True)


def client_of(trip, door):
    if door == "openai":
        return OpenAIChatCompletionClient(
            model=trip.model, base_url=trip.openai_url, api_key=trip.key, model_info=INFO, max_retries=0
        )
    return AnthropicChatCompletionClient(
        model=trip.model, base_url=trip.anthropic_url, api_key=trip.key, model_info=INFO, max_retries=0, max_tokens=900
    )


@doors
def test_plain_and_streamed(pulled, door):
    trip = pulled(door)

    async def run():
        client = client_of(trip, door)
        talk = [UserMessage(content=trip.prompt, source="user")]
        plain = (await client.create(talk)).content
        streamed = [piece async for piece in client.create_stream(talk)]
        await client.close()
        return plain, streamed[-1].content

    assert asyncio.run(run()) == (trip.answer, trip.answer)
    trip.done()


@doors
def test_an_agent_with_a_tool(pulled, door):
    trip = pulled(door, steps=STEPS)

    async def look_up(word: str) -> str:
        """Looks up what a word means."""
        return look(word)

    look_up.__name__ = "look"

    async def run():
        client = client_of(trip, door)
        agent = AssistantAgent("a", client, tools=[look_up], reflect_on_tool_use=True, model_client_stream=True)
        done = await agent.run(task=trip.prompt)
        await client.close()
        return done.messages[-1].content

    assert asyncio.run(run()) == trip.answer
    trip.done(tool=True)
