"""OpenAI's agents SDK in its default mode, which speaks Responses: with tools, handoffs and structured answers, over a
lead that is pulled, a stand-in of any API, and the lead again."""

import asyncio

import pytest
from agents import Agent, ModelSettings, OpenAIProvider, RunConfig, Runner, function_tool, handoff, set_tracing_disabled
from holdfast import PROMPT
from model import text_of
from openai import AsyncOpenAI
from pydantic import BaseModel

set_tracing_disabled(True)

#: The lead's API, and the stand-in's.
PAIRS = [("rs", "oa"), ("rs", "an"), ("rs", "rs"), ("oa", "rs"), ("an", "oa")]
pairs = pytest.mark.parametrize("lead, standby", PAIRS)
STEPS = [[("look", {"word": "lamp"})], [("look", {"word": "sea"}), ("look", {"word": "rock"})]]


@function_tool
def look(word: str) -> str:
    """Looks a word up."""
    return f"MEANING-OF-{word}"


class Lamp(BaseModel):
    name: str
    height: int


def run(it, agent, items, streams=False):
    """One turn of the SDK; its own client, without further tries."""

    async def go():
        async with AsyncOpenAI(base_url=f"{it.holdfast.url}/v1", api_key=it.key, max_retries=0) as client:
            config = RunConfig(model_provider=OpenAIProvider(openai_client=client), tracing_disabled=True)
            if not streams:
                return await Runner.run(agent, items, run_config=config)
            done = Runner.run_streamed(agent, items, run_config=config)
            async for _ in done.stream_events():
                pass
            return done

    return asyncio.run(go())


def prompt(result=None):
    return [*(result.to_input_list() if result else []), {"role": "user", "content": PROMPT}]


def turns(it):
    """Three turns: the lead's, the stand-in's, the lead's again."""
    for number, change, served in ((1, None, "l"), (2, it.pull, "s"), (3, it.back, "l")):
        if change is not None:
            change()
        yield number
        it.was_served(number, served)


@pytest.mark.parametrize("streams", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("thinks", [False, True], ids=["", "thinks"])
@pairs
def test_an_agent_with_tools(scene, lead, standby, streams, thinks):
    it = scene(lead, standby, steps=STEPS, thinks=thinks)
    agent = Agent(name="Keeper", instructions="Keep the lamp.", model=it.route, tools=[look])
    result = None
    for turn in turns(it):
        result = run(it, agent, prompt(result), streams)
        assert result.final_output == text_of(turn)
        assert sum(each.usage.output_tokens for each in result.raw_responses) > 0
    assert {f"MEANING-OF-{word}" in str(it.standby.results) for word in ("lamp", "sea", "rock")} == {True}


@pytest.mark.parametrize("streams", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("answers", [1, 2])
@pairs
def test_pulled_between_calls_and_back(scene, lead, standby, streams, answers):
    it = scene(lead, standby, steps=STEPS)
    agent = Agent(name="Keeper", model=it.route, tools=[look])
    it.lead.pull_after(answers)
    result = run(it, agent, prompt(), streams)
    assert result.final_output == text_of(1)
    it.was_served(1, "ls")
    it.back()
    result = run(it, agent, prompt(result), streams)
    assert result.final_output == text_of(2)
    it.was_served(2, "l")


@pytest.mark.parametrize("with_error", [False, True])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
@pairs
def test_pulled_in_the_middle_of_a_stream(scene, lead, standby, part, with_error):
    it = scene(lead, standby)
    agent = Agent(name="Keeper", model=it.route)
    it.lead.pull_in_stream(part, with_error)
    result = run(it, agent, prompt(), streams=True)
    assert result.final_output == text_of(1)
    it.was_served(1, "ls")


@pairs
def test_a_handoff(scene, lead, standby):
    """One agent hands over to another; its call is a function like others."""
    it = scene(lead, standby, steps=[[("transfer_to_keeper", {})]])
    keeper = Agent(name="Keeper", instructions="Keep the lamp.", model=it.route, handoff_description="Keeps lamps.")
    door = Agent(name="Door", instructions="Hand over.", model=it.route, handoffs=[handoff(keeper)])
    it.lead.pull_after(1)
    result = run(it, door, prompt())
    assert result.last_agent.name == "Keeper" and result.final_output == text_of(1)
    it.was_served(1, "ls")


@pairs
def test_a_structured_answer(scene, lead, standby):
    it = scene(lead, standby)
    agent = Agent(name="Keeper", model=it.route, output_type=Lamp, model_settings=ModelSettings(max_tokens=900))
    for change in (None, it.pull, it.back):
        if change is not None:
            change()
        assert run(it, agent, prompt()).final_output == Lamp(name="seven", height=7)
    it.was_served(1, "ls")
