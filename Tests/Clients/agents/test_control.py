"""The clients against the scripted models themselves, without Holdfast: what
these refuse in the other tests is then Holdfast's doing."""

import anthropic
import openai
import pytest
from claude_code import Claude
from features import FEATURES
from holdfast import PROMPT
from model import Model, text_of


@pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES)
def test_claude_code(upstream, feature):
    with Claude(f"http://127.0.0.1:{upstream.port}", "any", "", **feature.options()) as claude:
        lead = Model(upstream, "an", steps=feature.steps(claude))
        claude.model = lead.name
        for turn in (1, 2):
            feature.check(claude.ask(), turn)
        assert lead.refused == []
        feature.check_results(lead.results)


TOOL = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}


def test_anthropic(upstream):
    lead = Model(upstream, "an", steps=[[("look", {"word": "x"})]])
    client = anthropic.Anthropic(base_url=f"http://127.0.0.1:{upstream.port}", api_key="any", max_retries=0)
    ask = {"model": lead.name, "max_tokens": 999, "tools": [{"name": "look", "input_schema": TOOL}]}
    messages = [{"role": "user", "content": PROMPT}]
    first = client.messages.create(**ask, messages=messages)
    [call] = [block for block in first.content if block.type == "tool_use"]
    messages += [{"role": "assistant", "content": first.content}]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "a result"}
    with client.messages.stream(**ask, messages=[*messages, {"role": "user", "content": [result]}]) as stream:
        assert stream.get_final_text() == text_of(1)
    assert lead.refused == []
    with pytest.raises(anthropic.BadRequestError, match="tool_use_id"):
        wrong = {**result, "tool_use_id": "toolu_other"}
        client.messages.create(**ask, messages=[*messages, {"role": "user", "content": [wrong]}])


def test_openai(upstream):
    lead = Model(upstream, "oa", steps=[[("look", {"word": "x"})]])
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{upstream.port}/v1", api_key="any", max_retries=0)
    tool = {"type": "function", "function": {"name": "look", "parameters": TOOL}}
    ask = {"model": lead.name, "tools": [tool]}
    messages = [{"role": "user", "content": PROMPT}]
    first = client.chat.completions.create(**ask, messages=messages).choices[0].message
    [call] = first.tool_calls
    messages += [first, {"role": "tool", "tool_call_id": call.id, "content": "a result"}]
    chunks = client.chat.completions.create(**ask, messages=messages, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text_of(1)
    assert lead.refused == []
    with pytest.raises(openai.BadRequestError, match="matches no call"):
        client.chat.completions.create(**ask, messages=[*messages[:-1], {**messages[-1], "tool_call_id": "call_other"}])
