"""The answers of OpenAI's and Anthropic's servers, in the fields that matter."""

from holdfast import ANSWER

TEXT = f"The {ANSWER} says: Grüße, 世界 👋🏽 \"quoted\" \\ and\nthat's it."


def pieces(text, size=5):
    return [text[start : start + size] for start in range(0, len(text), size)]


# OpenAI

OPENAI_USAGE = {
    "prompt_tokens": 1210,
    "completion_tokens": 33,
    "total_tokens": 1243,
    "prompt_tokens_details": {"cached_tokens": 1152},
    "completion_tokens_details": {"reasoning_tokens": 7},
}


def openai_call(name, arguments, id="call_A1"):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def openai_answer(text=TEXT, calls=None, finish="stop", usage=OPENAI_USAGE, **more):
    message = {"role": "assistant", "content": text, "refusal": None}
    if calls:
        message["tool_calls"] = calls
    return {
        "id": "chatcmpl-up1",
        "object": "chat.completion",
        "created": 1767225600,
        "model": "gpt-upstream-2026",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": usage,
        **more,
    }


def openai_chunk(delta=None, finish=None, **more):
    return {
        "id": "chatcmpl-up1",
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": "gpt-upstream-2026",
        "choices": [{"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}],
        **more,
    }


def openai_stream(text=TEXT, calls=(), finish=None, usage=OPENAI_USAGE, step=5):
    """Events; the arguments of calls come in pieces of two characters, the
    calls one after the other as OpenAI sends them."""
    events = [openai_chunk({"role": "assistant", "content": "" if text else None})]
    events += [openai_chunk({"content": piece}) for piece in pieces(text or "", step)]
    for index, call in enumerate(calls):
        opened = {**call, "index": index, "function": {"name": call["function"]["name"], "arguments": ""}}
        events.append(openai_chunk({"tool_calls": [opened]}))
        for piece in pieces(call["function"]["arguments"], 2):
            events.append(openai_chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
    events.append(openai_chunk({}, finish or ("tool_calls" if calls else "stop")))
    if usage:
        events.append({**openai_chunk(), "choices": [], "usage": usage})
    return [*events, "[DONE]"]


# Anthropic

ANTHROPIC_USAGE = {
    "input_tokens": 40,
    "cache_read_input_tokens": 1000,
    "cache_creation_input_tokens": 200,
    "output_tokens": 33,
}


def text_block(text=TEXT):
    return {"type": "text", "text": text}


def tool_block(name, input, id="toolu_A1"):
    return {"type": "tool_use", "id": id, "name": name, "input": input}


def thinking_block(text, signature="EqQBCgIYAhIM1gbcDa9GJwZA2b3h"):
    return {"type": "thinking", "thinking": text, "signature": signature}


def anthropic_answer(blocks=None, stop="end_turn", sequence=None, usage=ANTHROPIC_USAGE, **more):
    return {
        "id": "msg_up1",
        "type": "message",
        "role": "assistant",
        "model": "claude-upstream-5",
        "content": blocks if blocks is not None else [text_block()],
        "stop_reason": stop,
        "stop_sequence": sequence,
        "usage": usage,
        **more,
    }


def anthropic_stream(blocks=None, stop="end_turn", sequence=None, usage=ANTHROPIC_USAGE, step=5, ping=True):
    import json

    start = anthropic_answer([], None, usage={**usage, "output_tokens": 1})
    data = [{"type": "message_start", "message": start}]
    if ping:
        data.append({"type": "ping"})
    for index, block in enumerate(blocks if blocks is not None else [text_block()]):
        kind = block["type"]
        empty = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}, "tool_use": {"input": {}}}
        data.append({"type": "content_block_start", "index": index, "content_block": {**block, **empty.get(kind, {})}})
        deltas = []
        if kind == "text":
            deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"], step)]
        elif kind == "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"], step)]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        elif kind == "tool_use":
            arguments = json.dumps(block["input"], ensure_ascii=False)
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces(arguments, 2)]]
        data += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        data.append({"type": "content_block_stop", "index": index})
    data.append(
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": sequence},
         "usage": {"output_tokens": usage["output_tokens"]}}
    )
    data.append({"type": "message_stop"})
    return [(each["type"], each) for each in data]
