"""Pydantic AI's OpenAI and Anthropic models, over a pulled lead, a stand-in of
the other dialect, and the lead again."""

import anthropic
import openai
import pytest
from holdfast import PROMPT
from model import text_of
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, ToolOutput
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from test_langchain import DOORS, STEPS, doors, turns


def look(word: str) -> str:
    """Looks a word up."""
    return f"MEANING-OF-{word}"


class Lamp(BaseModel):
    """The known facts about a lamp."""

    name: str
    height: int
    note: str | None = None


def agent(it, door, **more):
    if door == "openai":
        client = openai.AsyncOpenAI(base_url=f"{it.holdfast.url}/v1", api_key=it.key, max_retries=0)
        model = OpenAIChatModel(it.route, provider=OpenAIProvider(openai_client=client))
    else:
        client = anthropic.AsyncAnthropic(base_url=it.holdfast.url, api_key=it.key, max_retries=0)
        model = AnthropicModel(it.route, provider=AnthropicProvider(anthropic_client=client))
    return Agent(model, **more)


def streamed(agent, prompt, **more):
    """The whole text of a streamed run, put together of what it says."""
    with agent.run_stream_sync(prompt, **more) as result:
        return "".join(result.stream_text(delta=True, debounce_by=None)), result.all_messages()


@doors
def test_chat(scene, door):
    it = scene(*DOORS[door])
    asked, history = agent(it, door, instructions="Be brief."), []
    for turn in turns(it):
        done = asked.run_sync(PROMPT, message_history=history)
        assert done.output == text_of(turn) and done.usage.output_tokens > 0
        history = done.all_messages()


@doors
def test_streams(scene, door):
    it = scene(*DOORS[door])
    asked, history = agent(it, door), []
    for turn in turns(it):
        text, history = streamed(asked, PROMPT, message_history=history)
        assert text == text_of(turn)


@doors
def test_pulled_in_the_middle_of_a_stream(scene, door):
    it = scene(*DOORS[door])
    it.lead.pull_in_stream(0.5)
    assert streamed(agent(it, door), PROMPT)[0] == text_of(1)
    it.was_served(1, "ls")


@doors
def test_tools(scene, door):
    it = scene(*DOORS[door], steps=STEPS)
    asked, history = agent(it, door, tools=[look]), []
    for turn in turns(it):
        done = asked.run_sync(PROMPT, message_history=history)
        assert done.output == text_of(turn)
        history = done.all_messages()
    for word in ("lamp", "sea", "rock"):
        assert f"MEANING-OF-{word}" in str(it.standby.results)


@pytest.mark.parametrize("answers", [1, 2])
@doors
def test_pulled_between_a_call_and_its_result(scene, door, answers):
    it = scene(*DOORS[door], steps=STEPS)
    it.lead.pull_after(answers)
    asked = agent(it, door, tools=[look])
    done = asked.run_sync(PROMPT)
    assert done.output == text_of(1)
    it.was_served(1, "ls")
    it.back()
    assert asked.run_sync(PROMPT, message_history=done.all_messages()).output == text_of(2)
    it.was_served(2, "l")


@doors
def test_tools_streamed(scene, door):
    it = scene(*DOORS[door], steps=STEPS)
    it.lead.pull_in_stream(0.9)
    asked = agent(it, door, tools=[look])
    assert asked.run_sync(PROMPT, event_stream_handler=listen).output == text_of(1)


async def listen(_, events):
    """Makes a run ask for streams."""
    async for _event in events:
        pass


@pytest.mark.parametrize("way", [ToolOutput, NativeOutput], ids=["tool", "native"])
@doors
def test_structured_output(scene, door, way):
    steps = [[("final_result", {"name": "seven", "height": 7})]] if way is ToolOutput else []
    # By its name the client judges what a model can do.
    it = scene(*DOORS[door], steps=steps, route="gpt-5" if door == "openai" else "claude-opus-5")
    asked = agent(it, door, output_type=way(Lamp))
    for change in (None, it.pull, it.back):
        if change is not None:
            change()
        found = asked.run_sync(PROMPT).output
        assert (found.name, found.height) == ("seven", 7)
    it.was_served(1, "ls")
