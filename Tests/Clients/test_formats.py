"""Answers in the form that the two APIs' published schemas require, checked by
a program that isn't ours (llm-comply)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import scripted_providers
from holdfast import Holdfast, engine
from responses_shapes import function_call, message, reasoning, response
from responses_shapes import stream as responses_stream
from shapes import (
    anthropic_answer, anthropic_stream, openai_answer, openai_call, openai_chunk, openai_stream, text_block, tool_block,
)
from upstream import answer, by_request, sse

FORMATS = {
    "openai-chat": ["--base-url", "{url}/v1"],
    "open-responses": ["--base-url", "{url}/v1"],
    "anthropic": ["--base-url", "{url}/v1", "--auth-header", "x-api-key", "--no-bearer", "-H", "anthropic-version:2023-06-01"],
}


def openai_model(request):
    """Thinks aloud, and calls the tool that it is offered."""
    body = request.json
    tools = [tool["function"]["name"] for tool in body.get("tools", [])]
    if tools:
        call = openai_call(tools[0], '{"location": "Oslo"}')
        return sse(openai_stream("", [call], "tool_calls")) if body.get("stream") else answer(
            openai_answer(None, [call], "tool_calls")
        )
    if body.get("stream"):
        events = openai_stream()
        return sse([events[0], openai_chunk({"reasoning_content": "Let me see."}), *events[1:]])
    whole = openai_answer()
    whole["choices"][0]["message"]["reasoning_content"] = "Let me see."
    return answer(whole)


def anthropic_model(request):
    body = request.json
    tools = [tool["name"] for tool in body.get("tools", [])]
    blocks = [tool_block(tools[0], {"location": "Oslo"})] if tools else [text_block()]
    stop = "tool_use" if tools else "end_turn"
    return sse(anthropic_stream(blocks, stop)) if body.get("stream") else answer(anthropic_answer(blocks, stop))


def responses_model(request):
    """Thinks, and calls the tool that it is offered."""
    body = request.json
    if request.target.endswith("/compact"):
        compaction = {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAAAcompacted"}
        return answer({
            "id": "resp_c1", "object": "response.compaction", "created_at": 1767225600, "output": [compaction],
            "usage": response()["usage"],
        })  # fmt: skip
    tools = [tool["name"] for tool in body.get("tools", [])]
    # A summary comes where it was asked for. (The program's own table lacks its events: they would be unknown in a stream.)
    asked = body.get("reasoning") or {}
    items = [reasoning("Let me think." if asked.get("summary") else []), function_call(tools[0], '{"location": "Oslo"}') if tools else message()]
    echoed = {"tools": [{"strict": True, **tool} for tool in body["tools"]], "tool_choice": body["tool_choice"]} if tools else {}
    if asked:
        echoed["reasoning"] = {"effort": None, "summary": None, **asked}
    return sse(responses_stream(items, **echoed)) if body.get("stream") else answer(response(items, **echoed))


@pytest.fixture(scope="module")
def house(upstream):
    rs = upstream.plays(by_request(responses_model))
    oa = upstream.plays(by_request(openai_model))
    an = upstream.plays(by_request(anthropic_model))
    providers = {**scripted_providers(upstream), "here": engine()}
    providers["rs"] = {**providers["oa"], "responses": True}
    routes = {
        "over-openai": {"candidates": [{"provider": "oa", "model": oa}]},
        "over-anthropic": {"candidates": [{"provider": "an", "model": an}]},
        "over-responses": {"candidates": [{"provider": "rs", "model": rs}]},
        # The program asks models with such names for their reasoning.
        "gpt-5-over-responses": {"candidates": [{"provider": "rs", "model": rs}]},
        "over-engine": {"candidates": [{"provider": "here", "model": "smollm2-135m"}]},
    }
    with Holdfast(providers, routes) as holdfast:
        yield holdfast


def complaints(holdfast, form, route, *more):
    """Returns the failures that the program reports, by the names of its tests."""
    place = [part.format(url=holdfast.url) for part in FORMATS[form]]
    program = Path(sys.executable).parent / "llm-comply"
    command = [program, "--format", form, *place, "--api-key", holdfast.key, "--model", route, "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    report = json.loads(done.stdout)
    results = report if isinstance(report, list) else report["results"]
    assert len(results) >= 3, done.stdout + done.stderr
    return {each["id"]: each for each in results if each["status"] not in ("passed", "skipped")}


@pytest.mark.parametrize("form, route", [
    ("openai-chat", "over-openai"), ("openai-chat", "over-anthropic"), ("anthropic", "over-openai"),
    ("open-responses", "over-responses"), ("open-responses", "gpt-5-over-responses"), ("open-responses", "over-openai"),
    ("open-responses", "over-anthropic"),
])  # fmt: skip
def test_every_member_that_the_schema_requires(house, form, route):
    assert complaints(house, form, route) == {}


def test_a_hosted_model_answers_in_form(house):
    """The model passes the tests that a small model can pass: it accepts no pictures and writes no thoughts."""
    able = "anth-basic-response,anth-streaming-response,anth-streaming-usage"
    assert unless_rambling(house, "anthropic", able) == {}
    able = "basic-response,system-prompt,multi-turn,streaming-response,streaming-usage,assistant-phase,error-handling"
    assert unless_rambling(house, "open-responses", able) == {}


def unless_rambling(house, form, able):
    """The tests' requests have a temperature: now and then the model goes on to the limit, and is asked once more."""
    for _ in range(3):
        found = complaints(house, form, "over-engine", "--filter", able)
        words = json.dumps(list(found.values()))
        if "max_tokens" not in words and "incomplete" not in words:
            break
    return found
