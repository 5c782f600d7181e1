"""Semantic Kernel, by both doors."""

import asyncio

import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai import FunctionChoiceBehavior
from semantic_kernel.connectors.ai.anthropic import AnthropicChatCompletion, AnthropicChatPromptExecutionSettings
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion, OpenAIChatPromptExecutionSettings
from semantic_kernel.contents import ChatHistory
from semantic_kernel.functions import kernel_function
from trip import look

doors = pytest.mark.parametrize("door", ["openai", "anthropic"])


class Words:
    @kernel_function(description="Looks up what a word means.")
    def look(self, word: str) -> str:
        return look(word)


def service_of(trip, door):
    if door == "openai":
        client = AsyncOpenAI(base_url=trip.openai_url, api_key=trip.key, max_retries=0)
        return OpenAIChatCompletion(trip.model, async_client=client), OpenAIChatPromptExecutionSettings
    client = AsyncAnthropic(base_url=trip.anthropic_url, api_key=trip.key, max_retries=0)
    return AnthropicChatCompletion(trip.model, api_key=trip.key, async_client=client), AnthropicChatPromptExecutionSettings


@doors
def test_plain_and_streamed(pulled, door):
    trip = pulled(door)
    service, settings = service_of(trip, door)

    async def run():
        history = ChatHistory(system_message="Be brief.")
        history.add_user_message(trip.prompt)
        plain = str(await service.get_chat_message_content(history, settings(max_tokens=900)))
        pieces = [str(piece) async for piece in service.get_streaming_chat_message_content(history, settings(max_tokens=900))]
        return plain, "".join(pieces)

    assert asyncio.run(run()) == (trip.answer, trip.answer)
    trip.done()


@doors
def test_a_tool(pulled, door):
    trip = pulled(door, steps=[[("words-look", {"word": "lamp"})]])
    service, settings = service_of(trip, door)

    async def run():
        kernel = Kernel()
        kernel.add_plugin(Words(), "words")
        history = ChatHistory()
        history.add_user_message(trip.prompt)
        asks = settings(max_tokens=900, function_choice_behavior=FunctionChoiceBehavior.Auto())
        return str(await service.get_chat_message_content(history, asks, kernel=kernel))

    assert asyncio.run(run()) == trip.answer
    trip.done(tool=True)
