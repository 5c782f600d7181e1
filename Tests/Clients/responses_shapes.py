"""The answers of servers with OpenAI's Responses API: all members that the API requires, and the events of a stream in
their order."""

from itertools import count

from shapes import TEXT, pieces

USAGE = {
    "input_tokens": 1210,
    "input_tokens_details": {"cached_tokens": 1152, "cache_write_tokens": 0},
    "output_tokens": 33,
    "output_tokens_details": {"reasoning_tokens": 7},
    "total_tokens": 1243,
}
ENCRYPTED = "gAAAAABo" + "Zm9yZWlnbiByZWFzb25pbmc" * 4 + "=="


def message(text=TEXT, id="msg_up1", **more):
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"type": "message", "id": id, "status": "completed", "role": "assistant", "content": [part], **more}


def refusal(words="I can't help with that.", id="msg_up1"):
    part = {"type": "refusal", "refusal": words}
    return {"type": "message", "id": id, "status": "completed", "role": "assistant", "content": [part]}


def reasoning(summary="Let me think.", encrypted=ENCRYPTED, id="rs_up1"):
    parts = [{"type": "summary_text", "text": text} for text in ([summary] if isinstance(summary, str) else summary)]
    return {"type": "reasoning", "id": id, "summary": parts, "encrypted_content": encrypted}


def function_call(name, arguments, call_id="call_A1", id="fc_up1", **more):
    return {
        "type": "function_call", "id": id, "status": "completed", "name": name, "call_id": call_id,
        "arguments": arguments, **more,
    }  # fmt: skip


def custom_call(name, input, call_id="call_C1", id="ctc_up1", **more):
    return {
        "type": "custom_tool_call", "id": id, "status": "completed", "name": name, "call_id": call_id, "input": input,
        **more,
    }  # fmt: skip


def response(output=None, status="completed", usage=USAGE, **more):
    """A whole answer."""
    return {
        "id": "resp_up1", "object": "response", "created_at": 1767225600,
        "completed_at": 1767225601 if status == "completed" else None, "status": status, "background": False,
        "error": None, "incomplete_details": None, "instructions": None, "max_output_tokens": None,
        "max_tool_calls": None, "model": "gpt-upstream-2026", "output": [message()] if output is None else output,
        "parallel_tool_calls": True, "previous_response_id": None, "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None}, "safety_identifier": None, "service_tier": "default",
        "store": False, "temperature": 1.0, "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto", "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled",
        "presence_penalty": 0.0, "frequency_penalty": 0.0, "usage": usage if status != "in_progress" else None,
        "metadata": {}, **more,
    }  # fmt: skip


def incomplete(output=None, reason="max_output_tokens", **more):
    return response(output, "incomplete", incomplete_details={"reason": reason}, **more)


def failed(code="server_error", message="The server had an error.", **more):
    return response([], "failed", None, error={"code": code, "message": message}, **more)


def _parts(item, index, step):
    """The events of a message's or a reasoning's parts."""
    id, kind = item["id"], item["type"]
    if kind == "reasoning":
        for number, part in enumerate(item["summary"]):
            place = {"item_id": id, "output_index": index, "summary_index": number}
            yield "response.reasoning_summary_part.added", {**place, "part": {**part, "text": ""}}
            for piece in pieces(part["text"], step):
                yield "response.reasoning_summary_text.delta", {**place, "delta": piece, "obfuscation": "x" * 7}
            yield "response.reasoning_summary_text.done", {**place, "text": part["text"]}
            yield "response.reasoning_summary_part.done", {**place, "part": part}
        return
    for number, part in enumerate(item["content"]):
        place = {"item_id": id, "output_index": index, "content_index": number}
        member, name = ("refusal", "refusal") if part["type"] == "refusal" else ("text", "output_text")
        yield "response.content_part.added", {**place, "part": {**part, member: ""}}
        more = {} if member == "refusal" else {"logprobs": []}
        said = pieces(part[member], step) if isinstance(part[member], str) else part[member]
        for at, piece in enumerate(said):
            padding = "abcdefghijklmnop"[: (at * 5) % 16]
            yield f"response.{name}.delta", {**place, "delta": piece, **more, "obfuscation": padding}
        whole = "".join(said)
        yield f"response.{name}.done", {**place, member: whole, **more}
        yield "response.content_part.done", {**place, "part": {**part, member: whole}}


def _events(item, index, step):
    kind = item["type"]
    member = {"function_call": "arguments", "custom_tool_call": "input"}.get(kind)
    if member:
        begun = {**item, member: "", "status": "in_progress"}
    elif kind == "message":
        begun = {**item, "content": [], "status": "in_progress"}
    elif kind == "reasoning":
        begun = {**item, "summary": []}
    else:
        begun = {**item, "status": "in_progress"}
    yield "response.output_item.added", {"output_index": index, "item": begun}
    if member:
        name = "function_call_arguments" if member == "arguments" else "custom_tool_call_input"
        place = {"item_id": item["id"], "output_index": index}
        for piece in pieces(item[member], 2 if member == "arguments" else step):
            yield f"response.{name}.delta", {**place, "delta": piece, "obfuscation": "y" * 5}
        yield f"response.{name}.done", {**place, member: item[member]}
    elif kind in ("message", "reasoning"):
        yield from _parts(item, index, step)
    if kind == "message":
        content = [
            {**part, "text": "".join(part["text"])} if part["type"] == "output_text" else part
            for part in item["content"]
        ]
        item = {**item, "content": content}
    yield "response.output_item.done", {"output_index": index, "item": item}


def stream(output=None, status="completed", step=5, done=False, whole=None, **more):
    """The events of a stream. A text may be a list: a piece for each delta. `whole` is the last event's response."""
    output = [message()] if output is None else output
    numbers = count()
    events = [("response.created", {"response": response([], "in_progress", **more)})]
    events.append(("response.in_progress", {"response": response([], "in_progress", **more)}))
    for index, item in enumerate(output):
        events += _events(item, index, step)
    finished = [data["item"] for kind, data in events if kind == "response.output_item.done"]
    last = whole or response(finished, status, **more)
    events.append((f"response.{last['status']}", {"response": last}))
    said = [(kind, {"type": kind, "sequence_number": next(numbers), **data}) for kind, data in events]
    return [*said, (None, "[DONE]")] if done else said
