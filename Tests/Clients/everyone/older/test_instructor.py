"""Instructor, by both doors."""

import anthropic
import instructor
import openai
import pytest
from pydantic import BaseModel


class Lamp(BaseModel):
    """The known facts about a lamp."""

    name: str
    height: int
    note: str | None = None


MODES = {"openai": ["TOOLS", "JSON_SCHEMA", "MD_JSON"], "anthropic": ["ANTHROPIC_TOOLS", "ANTHROPIC_JSON"]}
IN_WORDS = '```json\n{"name": "seven", "height": 7}\n```'


@pytest.mark.parametrize("door, mode", [(door, mode) for door, modes in MODES.items() for mode in modes])
def test_structured(pulled, door, mode):
    trip = pulled(door, answers=[IN_WORDS] if mode in ("MD_JSON", "ANTHROPIC_JSON") else [])
    if door == "openai":
        client = openai.OpenAI(base_url=trip.openai_url, api_key=trip.key, max_retries=0)
        client = instructor.from_openai(client, mode=instructor.Mode[mode])
    else:
        client = anthropic.Anthropic(base_url=trip.anthropic_url, api_key=trip.key, max_retries=0)
        client = instructor.from_anthropic(client, mode=instructor.Mode[mode])
    more = {"max_tokens": 900} if door == "anthropic" else {}
    found = client.chat.completions.create(
        model=trip.model, response_model=Lamp, messages=[{"role": "user", "content": trip.prompt}], max_retries=1, **more
    )
    assert (found.name, found.height) == ("seven", 7)
    trip.done()


@pytest.mark.parametrize("door", ["openai", "anthropic"])
def test_streamed_in_parts(pulled, door):
    trip = pulled(door)
    if door == "openai":
        client = instructor.from_openai(openai.OpenAI(base_url=trip.openai_url, api_key=trip.key, max_retries=0))
    else:
        client = instructor.from_anthropic(anthropic.Anthropic(base_url=trip.anthropic_url, api_key=trip.key, max_retries=0))
    parts = list(client.chat.completions.create_partial(
        model=trip.model, response_model=Lamp, messages=[{"role": "user", "content": trip.prompt}], max_tokens=900
    ))  # fmt: skip
    assert (parts[-1].name, parts[-1].height) == ("seven", 7)
    trip.done()
