"""Haystack, by both doors."""

import pytest
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import create_tool_from_function
from haystack.utils import Secret
from haystack_integrations.components.generators.anthropic import AnthropicChatGenerator
from trip import STEPS, look

doors = pytest.mark.parametrize("door", ["openai", "anthropic"])


@pytest.fixture
def generator_of(monkeypatch):
    def make(trip, door, **more):
        secret = Secret.from_token(trip.key)
        if door == "openai":
            return OpenAIChatGenerator(secret, trip.model, api_base_url=trip.openai_url, max_retries=0, **more)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", trip.anthropic_url)
        return AnthropicChatGenerator(secret, trip.model, max_retries=0, **more)

    return make


@doors
def test_plain_and_streamed(pulled, generator_of, door):
    trip, heard = pulled(door), []
    talk = [ChatMessage.from_system("Be brief."), ChatMessage.from_user(trip.prompt)]
    assert generator_of(trip, door).run(talk)["replies"][0].text == trip.answer
    streams = generator_of(trip, door, streaming_callback=lambda chunk: heard.append(chunk.content))
    assert streams.run(talk)["replies"][0].text == trip.answer == "".join(heard)
    trip.done()


@doors
def test_an_agent_with_a_tool(pulled, generator_of, door):
    trip = pulled(door, steps=STEPS)
    agent = Agent(chat_generator=generator_of(trip, door), tools=[create_tool_from_function(look)])
    assert agent.run(messages=[ChatMessage.from_user(trip.prompt)])["last_message"].text == trip.answer
    trip.done(tool=True)
