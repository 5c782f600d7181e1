"""Magentic, Griptape, Mirascope, any-llm and Strands, by both doors, and
ShellGPT."""

import pytest
from pydantic import BaseModel
from trip import STEPS, look

doors = pytest.mark.parametrize("door", ["openai", "anthropic"])


class Lamp(BaseModel):
    """The known facts about a lamp."""

    name: str
    height: int


@doors
def test_magentic(pulled, door):
    from magentic import Chat, UserMessage
    from magentic.chat_model.anthropic_chat_model import AnthropicChatModel
    from magentic.chat_model.openai_chat_model import OpenaiChatModel

    trip = pulled(door)
    if door == "openai":
        model = OpenaiChatModel(trip.model, base_url=trip.openai_url, api_key=trip.key)
    else:
        model = AnthropicChatModel(trip.model, base_url=trip.anthropic_url, api_key=trip.key, max_tokens=900)
    assert Chat(messages=[UserMessage(trip.prompt)], model=model).submit().last_message.content == trip.answer
    chat = Chat(messages=[UserMessage(trip.prompt)], output_types=[Lamp], model=model)
    assert chat.submit().last_message.content == Lamp(name="seven", height=7)
    trip.done()


@doors
def test_griptape(pulled, door):
    from griptape.common import Message, PromptStack
    from griptape.drivers.prompt.anthropic import AnthropicPromptDriver
    from griptape.drivers.prompt.openai import OpenAiChatPromptDriver

    trip = pulled(door)
    for stream in (False, True):
        if door == "openai":
            driver = OpenAiChatPromptDriver(
                model=trip.model, base_url=trip.openai_url, api_key=trip.key, stream=stream, max_attempts=1
            )
        else:
            import anthropic

            client = anthropic.Anthropic(base_url=trip.anthropic_url, api_key=trip.key)
            driver = AnthropicPromptDriver(model=trip.model, client=client, api_key=trip.key, stream=stream, max_attempts=1)
        stack = PromptStack(messages=[Message(trip.prompt, role=Message.USER_ROLE)])
        assert driver.run(stack).to_text() == trip.answer
    trip.done()


@doors
def test_any_llm(pulled, door):
    from any_llm import completion

    trip = pulled(door)
    url = trip.openai_url if door == "openai" else trip.anthropic_url
    ask = {"model": trip.model, "provider": door, "api_base": url, "api_key": trip.key, "max_tokens": 900}
    talk = [{"role": "user", "content": trip.prompt}]
    assert completion(messages=talk, **ask).choices[0].message.content == trip.answer
    chunks = completion(messages=talk, stream=True, **ask)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == trip.answer
    trip.done()


@doors
def test_strands(pulled, door):
    from strands import Agent, tool
    from strands.models.anthropic import AnthropicModel
    from strands.models.openai import OpenAIModel

    trip = pulled(door, steps=STEPS)
    if door == "openai":
        model = OpenAIModel(client_args={"base_url": trip.openai_url, "api_key": trip.key}, model_id=trip.model)
    else:
        model = AnthropicModel(
            client_args={"base_url": trip.anthropic_url, "api_key": trip.key}, model_id=trip.model, max_tokens=900
        )
    agent = Agent(model=model, tools=[tool(look)], callback_handler=None)
    assert str(agent(trip.prompt)).strip() == trip.answer
    trip.done(tool=True)


@doors
def test_mirascope(pulled, door):
    from mirascope import llm

    trip = pulled(door, steps=STEPS)
    url = trip.openai_url if door == "openai" else trip.anthropic_url
    name = "openai:completions" if door == "openai" else "anthropic"
    llm.register_provider(name, scope=f"{door}/", api_key=trip.key, base_url=url)
    model = llm.Model(f"{door}/{trip.model}")
    response = model.call(trip.prompt, tools=[llm.tool(look)])
    response = response.resume(response.execute_tools())
    assert response.text() == trip.answer
    trip.done(tool=True)


def test_shell_gpt(pulled, tmp_path):
    trip = pulled("openai")
    said = trip.run("sgpt", "--no-cache", "--no-md", "--no-functions", trip.prompt, directory=tmp_path,
                    API_BASE_URL=trip.openai_url, OPENAI_API_KEY=trip.key, DEFAULT_MODEL=trip.model)  # fmt: skip
    assert said.strip() == trip.answer
    trip.done()
