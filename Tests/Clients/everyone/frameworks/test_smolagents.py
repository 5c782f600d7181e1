"""Smolagents, by OpenAI's door, and by Anthropic's through LiteLLM."""

import pytest
from smolagents import ChatMessage, LiteLLMModel, MessageRole, OpenAIModel, ToolCallingAgent, tool
from trip import look


def model_of(trip, door):
    if door == "openai":
        return OpenAIModel(trip.model, api_base=trip.openai_url, api_key=trip.key, client_kwargs={"max_retries": 0})
    return LiteLLMModel(f"anthropic/{trip.model}", api_base=trip.anthropic_url, api_key=trip.key, num_retries=0)


doors = pytest.mark.parametrize("door", ["openai", "anthropic"])


@doors
def test_plain_and_streamed(pulled, door):
    trip = pulled(door)
    model = model_of(trip, door)
    talk = [ChatMessage(role=MessageRole.USER, content=[{"type": "text", "text": trip.prompt}])]
    assert model.generate(talk).content == trip.answer
    assert "".join(delta.content or "" for delta in model.generate_stream(talk)) == trip.answer
    trip.done()


@doors
def test_an_agent(pulled, door):
    trip = pulled(door, steps=[[("look", {"word": "lamp"})], [("final_answer", {"answer": "It is lit."})]])
    agent = ToolCallingAgent([tool(look)], model_of(trip, door), verbosity_level=0)
    assert agent.run(trip.prompt) == "It is lit."
    trip.done(tool=True)
