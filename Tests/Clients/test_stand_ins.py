"""Stand-ins that differ from whom they stand in for: names, threads, vectors,
and what each of them can't take."""

import json

import anthropic
import openai
import pytest
from holdfast import PROMPT, Holdfast
from shapes import anthropic_answer, openai_answer, tool_block
from standin import provider_at
from upstream import answer, by_request, status

TALK = [{"role": "user", "content": PROMPT}]
GONE_AN = status(404, body={"type": "error", "error": {"type": "not_found_error", "message": "model: x"}})
GONE_OA = status(404, body={"error": {"message": "The model `x` does not exist", "code": "model_not_found"}})


def house(upstream, spare, first, second, *, names=None, lead="an", other="oa", routes=None, **more):
    """`first` is what the lead does, `second` what stands in for it does."""
    names = names or (None, None)
    models = upstream.plays(first, names[0]), spare.plays(second, names[1])
    providers = {"one": provider_at(upstream, lead, "one-host"), "two": provider_at(spare, other, "two-host", **more)}
    candidates = [{"provider": "one", "model": models[0]}, {"provider": "two", "model": models[1]}]
    routes = {"assistant": {"candidates": candidates}, **(routes or {})}
    return Holdfast(providers, routes), models


def ask(holdfast, **more):
    request = {"model": "assistant", "max_tokens": 9, "messages": TALK, **more}
    return holdfast.anthropic().messages.with_raw_response.create(**request)


def test_a_pattern_names_a_route(upstream, spare):
    """Agents ask for models of their own choice."""
    holdfast, _ = house(
        upstream, spare, answer(anthropic_answer()), answer(openai_answer()),
        routes={"claude-*": "assistant", "fast": "assistant"},
    )
    with holdfast:
        for name in ("claude-opus-5", "claude-", "fast", "assistant"):
            assert ask(holdfast, model=name).headers["x-holdfast-served-by"].startswith("one/")
        with pytest.raises(anthropic.NotFoundError):
            ask(holdfast, model="gpt-5")
        limited = holdfast.make_counting_key("limited", "--routes", "assistant")
        client = holdfast.anthropic(limited)
        assert client.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=TALK).content
        assert json.dumps(holdfast.models()).count("claude-*") == 1


def test_a_thread_goes_on_where_it_is_kept(upstream, spare):
    """A request that continues a thread contains only the new messages, so it is sent to no other provider."""
    lead = {"down": False}
    first = by_request(lambda request: GONE_AN if lead["down"] else answer(anthropic_answer()))
    holdfast, models = house(upstream, spare, first, answer(openai_answer()))
    new = {"thread": {"type": "create"}}
    on = {"thread": {"type": "continue", "previous_message_id": "msg_up1"}}
    with holdfast:
        assert ask(holdfast, extra_body=new).headers["x-holdfast-served-by"].startswith("one/")
        assert ask(holdfast, extra_body=on).headers["x-holdfast-served-by"].startswith("one/")
        assert upstream.calls(models[0])[-1].json["thread"] == on["thread"]
        lead["down"] = True
        for _ in range(3):
            with pytest.raises(anthropic.NotFoundError) as caught:
                ask(holdfast, extra_body=on)
            assert caught.value.body["error"]["details"]["error_code"] == "thread_not_found"
        assert spare.calls(models[1]) == []
        raw = ask(holdfast, extra_body=new)
        assert raw.headers["x-holdfast-served-by"].startswith("two/") and "thread" in raw.headers["x-holdfast-dropped"]


@pytest.mark.parametrize("same", [True, False])
def test_vectors_are_of_one_model(upstream, spare, same):
    """The same model at another host may stand in, another model may not."""
    vector = {"object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
              "usage": {"prompt_tokens": 1, "total_tokens": 1}}  # fmt: skip
    names = ("vectors-of-a", "maker/vectors-of-a" if same else "vectors-of-b")
    holdfast, models = house(upstream, spare, GONE_OA, answer(vector), names=names, lead="oa")
    with holdfast:
        embed = holdfast.openai().embeddings.with_raw_response.create
        for _ in range(2):
            if same:
                raw = embed(model="assistant", input="a")
                assert raw.headers["x-holdfast-served-by"] == "two/maker/vectors-of-a"
                continue
            with pytest.raises(openai.APIStatusError) as caught:
                embed(model="assistant", input="a")
            assert caught.value.status_code == 503 and "spoil an index" in str(caught.value)
        assert bool(spare.calls(models[1])) is same


def test_a_refusal_has_the_reason_of_everybody(upstream, spare):
    holdfast, models = house(upstream, spare, GONE_AN, answer(openai_answer()))
    with holdfast:
        for _ in range(2):
            with pytest.raises(anthropic.BadRequestError) as caught:
                ask(holdfast, extra_body={"container": "c"})
            said = str(caught.value)
            assert "one/" in said and "withdrawn" in said and f"two/{models[1]}" in said and "container" in said


def test_what_a_stand_in_has_said_goes_back(upstream, spare):
    """A stand-in's turn: ids of another alphabet, thinking that nobody signed,
    and in its middle a thinking budget."""
    lead = {"down": True}

    def first(request):
        if lead["down"]:
            return status(529, body={"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
        return answer(anthropic_answer())

    called = openai_answer(None, [{"id": "functions.Bash:0", "type": "function", "function": {"name": "Bash", "arguments": "{}"}}], "tool_calls")
    called["choices"][0]["message"]["reasoning_content"] = "Let me see."
    holdfast, models = house(upstream, spare, by_request(first), answer(called))
    more = {
        "tools": [{"name": "Bash", "input_schema": {"type": "object"}}], "max_tokens": 4000,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
    }
    with holdfast:
        content = [block.to_dict() for block in ask(holdfast, **more).parse().content]
        assert [block["type"] for block in content] == ["thinking", "tool_use"]
        id = content[1]["id"]
        assert all(letter.isalnum() or letter in "_-" for letter in id)
        talk = [*TALK, {"role": "assistant", "content": content},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": "done"}]}]  # fmt: skip
        ask(holdfast, messages=talk, **more)
        sent = spare.calls(models[1])[-1].json["messages"]
        assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"] == "functions.Bash:0"
        lead["down"] = False
        raw = ask(holdfast, messages=talk, model=f"one/{models[0]}", **more)
        sent = upstream.calls(models[0])[-1].json
        kept = {key: value for key, value in content[1].items() if key != "caller"}
        assert [{key: block[key] for key in kept} for block in sent["messages"][1]["content"]] == [kept]
        assert sent["thinking"] == {"type": "disabled"} and "thinking" in raw.headers["x-holdfast-dropped"]


def test_a_known_server_gets_what_it_takes(upstream, spare):
    """At a server of the caller's own format, too."""
    holdfast, models = house(upstream, spare, GONE_OA, answer(openai_answer()), lead="oa", flavour="mistral")
    call = {"id": "call_of_the_first_one", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    talk = [*TALK, {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call["id"], "content": "x"}]  # fmt: skip
    with holdfast:
        holdfast.openai().chat.completions.create(model="assistant", messages=talk, max_completion_tokens=9)
        sent = spare.calls(models[1])[-1].json
        assert sent["max_tokens"] == 9 and "max_completion_tokens" not in sent
        id = sent["messages"][1]["tool_calls"][0]["id"]
        assert len(id) == 9 and id.isalnum() and sent["messages"][2]["tool_call_id"] == id
        holdfast.anthropic().messages.create(
            model="assistant", max_tokens=9, messages=TALK, metadata={"user_id": "u"}, stop_sequences=["E"],
        )
        sent = spare.calls(models[1])[-1].json
        assert "user" not in sent and sent["max_tokens"] == 9


def test_calls_without_arguments_are_no_reason_to_end(upstream, spare):
    """A call that was cut off by a limit stays in the history."""
    holdfast, models = house(upstream, spare, GONE_OA, answer(anthropic_answer([tool_block("f", {})], "tool_use")), lead="oa", other="an")
    with holdfast:
        for arguments in ('{"a": "b', "null", "[]", ""):
            call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
            talk = [*TALK, {"role": "assistant", "content": "\n", "tool_calls": [call]},
                    {"role": "tool", "tool_call_id": "c", "content": ""}]  # fmt: skip
            holdfast.openai().chat.completions.create(model="assistant", messages=talk)
            turn = spare.calls(models[1])[-1].json["messages"][1]["content"]
            assert [block["type"] for block in turn] == ["tool_use"] and isinstance(turn[0]["input"], dict)
