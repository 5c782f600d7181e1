"""LangChain's two chat models and its agent, over a pulled lead, a stand-in of
the other dialect, and the lead again."""

import openai
import pytest
from holdfast import PROMPT
from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from model import text_of
from pydantic import BaseModel, Field

#: The client's own dialect, and the stand-in's.
DOORS = {"openai": ("oa", "an"), "anthropic": ("an", "oa")}
doors = pytest.mark.parametrize("door", DOORS)
STEPS = [[("look", {"word": "lamp"})], [("look", {"word": "sea"}), ("look", {"word": "rock"})]]


@tool
def look(word: str) -> str:
    """Looks a word up."""
    return f"MEANING-OF-{word}"


class Lamp(BaseModel):
    """The known facts about a lamp."""

    name: str
    height: int = Field(description="In metres.")
    lit: bool
    note: str | None = None


def chat(it, door, **more):
    if door == "openai":
        return ChatOpenAI(base_url=f"{it.holdfast.url}/v1", api_key=it.key, model=it.route, max_retries=0, **more)
    more = {"max_tokens": 999, **more}
    return ChatAnthropic(base_url=it.holdfast.url, api_key=it.key, model=it.route, max_retries=0, **more)


def turns(it):
    """Three turns: the lead's, the stand-in's, the lead's again."""
    for number, change, served in ((1, None, "l"), (2, it.pull, "s"), (3, it.back, "l")):
        if change is not None:
            change()
        yield number
        it.was_served(number, served)


@doors
def test_chat(scene, door):
    it = scene(*DOORS[door])
    model, history = chat(it, door), []
    for turn in turns(it):
        history.append(HumanMessage(PROMPT))
        history.append(model.invoke(history))
        assert history[-1].text == text_of(turn)
        assert history[-1].usage_metadata["output_tokens"] > 0


@doors
def test_streams(scene, door):
    it = scene(*DOORS[door])
    model, history = chat(it, door, stream_usage=True), []
    for turn in turns(it):
        history.append(HumanMessage(PROMPT))
        whole = None
        for chunk in model.stream(history):
            whole = chunk if whole is None else whole + chunk
        assert whole.text == text_of(turn) and whole.usage_metadata["output_tokens"] > 0
        history.append(whole)


@doors
def test_pulled_in_the_middle_of_a_stream(scene, door):
    it = scene(*DOORS[door])
    it.lead.pull_in_stream(0.5)
    assert "".join(chunk.text for chunk in chat(it, door).stream([HumanMessage(PROMPT)])) == text_of(1)
    it.was_served(1, "ls")


@pytest.mark.parametrize("streams", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("answers", [None, 1, 2], ids=["between turns", "after a call", "after two"])
@doors
def test_an_agent_with_tools(scene, door, streams, answers):
    """The agent's history contains the calls of both models when the first model is back."""
    it = scene(*DOORS[door], steps=STEPS)
    agent = create_agent(chat(it, door, **({"streaming": True} if streams else {})), [look])
    history = []
    if answers is not None:
        it.lead.pull_after(answers)
        history = agent.invoke({"messages": [HumanMessage(PROMPT)]})["messages"]
        assert history[-1].text == text_of(1)
        it.was_served(1, "ls")
        it.back()
        history = agent.invoke({"messages": [*history, HumanMessage(PROMPT)]})["messages"]
        assert history[-1].text == text_of(2)
        it.was_served(2, "l")
        return
    for turn in turns(it):
        history = agent.invoke({"messages": [*history, HumanMessage(PROMPT)]})["messages"]
        assert history[-1].text == text_of(turn)
        asked = [call["name"] for message in history for call in getattr(message, "tool_calls", [])]
        assert asked == ["look"] * 3 * turn
    assert {f"MEANING-OF-{word}" in str(it.standby.results) for word in ("lamp", "sea", "rock")} == {True}


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
@doors
def test_structured_output(scene, door, method):
    it = scene(*DOORS[door])
    model = chat(it, door).with_structured_output(Lamp, method=method)
    for change in (None, it.pull, it.back):
        if change is not None:
            change()
        found = model.invoke([HumanMessage(PROMPT)])
        assert isinstance(found, Lamp) and (found.name, found.height, found.lit) == ("seven", 7, True)
    it.was_served(1, "ls")


@doors
def test_an_agent_with_a_structured_answer(scene, door):
    it = scene(*DOORS[door], steps=[[("look", {"word": "lamp"})], [("Lamp", {"name": "x", "height": 3, "lit": False})]])
    agent = create_agent(chat(it, door), [look], response_format=ToolStrategy(Lamp))
    it.lead.pull_after(1)
    done = agent.invoke({"messages": [HumanMessage(PROMPT)]})
    assert done["structured_response"] == Lamp(name="x", height=3, lit=False)


def test_embeddings(scene):
    """Vectors of another model would spoil an index: nobody stands in."""
    it = scene("oa", "oa", lead_options={"name": "vectors-of-a"}, standby_options={"name": "vectors-of-b"})
    vectors = OpenAIEmbeddings(
        base_url=f"{it.holdfast.url}/v1", api_key=it.key, model=it.route, check_embedding_ctx_length=False, max_retries=0
    )
    first = vectors.embed_documents(["a", "b"])
    it.pull()
    with pytest.raises(openai.InternalServerError, match="spoil an index"):
        vectors.embed_documents(["a", "b"])
    it.back()
    assert first == vectors.embed_documents(["a", "b"]) and first[0] != first[1]


def test_thoughts_come_back_to_whose_they_are(scene):
    it = scene("an", "oa", steps=STEPS)
    agent = create_agent(chat(it, "anthropic", max_tokens=4000, thinking={"type": "adaptive"}), [look])
    history = []
    for turn in turns(it):
        history = agent.invoke({"messages": [*history, HumanMessage(PROMPT)]})["messages"]
        assert history[-1].text == text_of(turn)
