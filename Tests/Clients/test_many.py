"""Many at once: everyone gets its own answer, whole."""

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor

import anthropic
import openai
import pytest
from holdfast import ANSWER, PROMPT
from shapes import anthropic_stream, openai_stream, text_block
from upstream import sse

STREAMS = 100


@pytest.mark.parametrize("provider", ["oa", "an"])
@pytest.mark.parametrize("library", ["openai", "anthropic"])
def test_a_hundred_streams(scripted, upstream, library, provider):
    texts = [f"{ANSWER} number {number}: " + f"<{number}> " * 12 for number in range(STREAMS)]
    if provider == "oa":
        scripts = [openai_stream(text) for text in texts]
    else:
        scripts = [anthropic_stream([text_block(text)]) for text in texts]
    models = [f"{provider}/{upstream.plays(sse(script, delay=0.02))}" for script in scripts]

    async def openai_one(client, model):
        stream = await client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": PROMPT}], stream=True
        )
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    async def anthropic_one(client, model):
        async with client.messages.stream(
            model=model, messages=[{"role": "user", "content": PROMPT}], max_tokens=9
        ) as stream:
            return "".join([text async for text in stream.text_stream])

    async def everyone():
        options = {"api_key": scripted.key, "max_retries": 0, "timeout": 60}
        if library == "openai":
            async with openai.AsyncOpenAI(base_url=f"{scripted.url}/v1", **options) as client:
                return await asyncio.gather(*[openai_one(client, model) for model in models])
        async with anthropic.AsyncAnthropic(base_url=scripted.url, **options) as client:
            return await asyncio.gather(*[anthropic_one(client, model) for model in models])

    assert asyncio.run(everyone()) == texts


def test_many_streams_from_the_engine(hosted):
    """A hundred with HOLDFAST_LONG, and always more than it has slots. The shape of each answer allows one text only,
    so that right and wrong can be told whatever the model makes of it."""
    # Four at a time: the last ones wait for all others.
    client = hosted.openai(timeout=900)

    def one(number):
        schema = {"type": "object", "properties": {"who": {"const": f"stream {number:02}"}}, "required": ["who"]}
        stream = client.chat.completions.create(
            model="assistant", messages=[{"role": "user", "content": f"{PROMPT} Who are you?"}], max_tokens=400, temperature=0, stream=True,
            response_format={"type": "json_schema", "json_schema": {"name": "w", "schema": schema, "strict": True}},
        )  # fmt: skip
        chunks = [chunk for chunk in stream if chunk.choices]
        return (
            json.loads("".join(chunk.choices[0].delta.content or "" for chunk in chunks)),
            chunks[-1].choices[0].finish_reason,
        )

    count = 100 if "HOLDFAST_LONG" in os.environ else 40
    with ThreadPoolExecutor(count) as pool:
        done = list(pool.map(one, range(count)))
    assert [text for text, _ in done] == [{"who": f"stream {number:02}"} for number in range(count)]
    # The schema allows white space, and the model may like it.
    assert {reason for _, reason in done} <= {"stop", "length"}
