"""Chatlas and Agno, by both doors."""

import pytest
from trip import STEPS, look

doors = pytest.mark.parametrize("door", ["openai", "anthropic"])


def chatlas(trip, door):
    from chatlas import ChatAnthropic, ChatOpenAICompletions

    if door == "openai":
        return ChatOpenAICompletions(model=trip.model, base_url=trip.openai_url, api_key=trip.key)
    return ChatAnthropic(model=trip.model, api_key=trip.key, kwargs={"base_url": trip.anthropic_url})


@doors
def test_chatlas(pulled, door):
    trip = pulled(door, steps=STEPS)
    chat = chatlas(trip, door)
    chat.register_tool(look)
    assert str(chat.chat(trip.prompt, echo="none", stream=True)).endswith(trip.answer)
    trip.done(tool=True)


@doors
def test_agno(pulled, door):
    from agno.agent import Agent
    from agno.models.anthropic import Claude
    from agno.models.openai import OpenAIChat

    trip = pulled(door, steps=STEPS)
    if door == "openai":
        model = OpenAIChat(id=trip.model, base_url=trip.openai_url, api_key=trip.key)
    else:
        model = Claude(id=trip.model, api_key=trip.key, client_params={"base_url": trip.anthropic_url})
    agent = Agent(model=model, tools=[look], telemetry=False)
    assert agent.run(trip.prompt).content.endswith(trip.answer)
    trip.done(tool=True)
