"""OpenAI's Agents SDK, by chat completions."""

import asyncio

import pytest
from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI
from pydantic import BaseModel
from trip import STEPS, look

set_tracing_disabled(True)


class Lamp(BaseModel):
    name: str
    height: int


@pytest.fixture
def agent(pulled):
    def make(**more):
        trip = pulled("openai", steps=STEPS if "tools" in more else [])
        client = AsyncOpenAI(base_url=trip.openai_url, api_key=trip.key, max_retries=0)
        model = OpenAIChatCompletionsModel(model=trip.model, openai_client=client)
        return trip, Agent(name="A", instructions="Be brief.", model=model, **more)

    return make


def test_plain(agent):
    trip, asked = agent()
    assert Runner.run_sync(asked, trip.prompt).final_output == trip.answer
    trip.done()


def test_streamed_with_a_tool(agent):
    trip, asked = agent(tools=[function_tool(look)])

    async def run():
        running = Runner.run_streamed(asked, trip.prompt)
        async for _ in running.stream_events():
            pass
        return running.final_output

    assert asyncio.run(run()) == trip.answer
    trip.done(tool=True)


def test_structured(agent):
    trip, asked = agent(output_type=Lamp)
    assert Runner.run_sync(asked, trip.prompt).final_output == Lamp(name="seven", height=7)
    trip.done()
