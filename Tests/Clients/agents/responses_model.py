"""A model behind OpenAI's Responses: a `Model` that reads items and says items, and keeps to its server's rules."""

import hashlib
import hmac
import json

from model import Model
from responses_shapes import custom_call, function_call, message, reasoning, response
from responses_shapes import stream as responses_stream
from strict import Refusal, check_members, check_pattern, members
from upstream import answer, framed, sse

TOP = members("""
    background client_metadata context_management conversation include input instructions max_output_tokens max_tool_calls
    metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options
    prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text
    tool_choice tools top_logprobs top_p truncation user
""")
ITEMS = {
    "message": members("content id phase role status type"),
    "reasoning": members("content encrypted_content id status summary type"),
    "function_call": members("arguments async call_id caller id name namespace status type"),
    "function_call_output": members("call_id caller id name namespace output status type"),
    "custom_tool_call": members("async call_id caller id input name namespace status type"),
    "custom_tool_call_output": members("call_id caller id name output status type"),
    "compaction": members("encrypted_content id type"),
}
#: How the ids of each kind of item begin.
IDS = {
    "message": "msg", "reasoning": "rs", "function_call": "fc", "custom_tool_call": "ctc", "compaction": "cmp",
    "function_call_output": "fco?", "custom_tool_call_output": "ctco?",
}  # fmt: skip
TOOLS = {
    "function": members("allowed_callers defer_loading description name output_schema parameters strict type"),
    "custom": members("allowed_callers defer_loading description format name type"),
    "namespace": members("description name tools type"),
}


class ResponsesModel(Model):
    """`kind` is `rs`. A step's call has a dictionary of arguments, or a text for a custom tool."""

    def __init__(self, upstream, kind="rs", **options):
        super().__init__(upstream, "oa", **options)
        #: The bodies that it was sent.
        self.bodies = []

    # What it is asked

    def check(self, body, headers, counts=False):
        check_members({name: value for name, value in body.items() if name != "messages"}, TOP, "")
        self.bodies.append(body)
        if body.get("store") is not False:
            raise Refusal("store", "this server keeps nothing")
        if body.get("previous_response_id"):
            raise Refusal("previous_response_id", "Previous response not found.")
        for tool in body.get("tools") or []:
            if tool["type"] in TOOLS:
                check_members(tool, TOOLS[tool["type"]], "tools")
        calls = set()
        for place, item in enumerate(self.items(body)):
            where = f"input[{place}]"
            kind = item.get("type", "message")
            if kind not in ITEMS:
                raise Refusal(where, f"Invalid value: {kind!r}")
            check_members(item, ITEMS[kind], where)
            if item.get("id") is not None:
                check_pattern(item["id"], f"{IDS[kind]}_.+", f"{where}.id")
            if kind in ("function_call", "custom_tool_call"):
                check_pattern(item["call_id"], ".{1,64}", f"{where}.call_id")
                if item["call_id"] in calls:
                    raise Refusal(where, "Duplicate call_id")
                calls.add(item["call_id"])
            elif kind.endswith("_output") and item["call_id"] not in calls:
                raise Refusal(where, f"No tool call found for {kind} with call_id {item['call_id']}.")
            elif kind == "reasoning" and item.get("encrypted_content") != self.sealed(item["summary"][0]["text"]):
                raise Refusal(where, f"The encrypted content for item {item['id']} could not be verified.")
        answered = {item["call_id"] for item in self.items(body) if item.get("type", "").endswith("_output")}
        if calls - answered:
            raise Refusal("input", f"No tool output found for function call {sorted(calls - answered)[0]}.")

    @staticmethod
    def items(body):
        given = body["input"]
        return [{"role": "user", "content": given}] if isinstance(given, str) else given

    def whole_of(self, body):
        """The request with its items as messages, which the parent reads."""
        messages = []
        for item in self.items(body):
            kind = item.get("type", "message")
            if kind == "message":
                messages.append({"role": item["role"], "content": self.text(item["content"])})
            elif kind in ("function_call", "custom_tool_call"):
                call = {"id": item["call_id"]}
                if messages and messages[-1].get("tool_calls"):
                    messages[-1]["tool_calls"].append(call)
                else:
                    messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
            elif kind.endswith("_output"):
                messages.append({"role": "tool", "content": self.text(item["output"])})
        return {**body, "messages": messages}

    @staticmethod
    def text(content):
        return content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)

    def offered(self, body):
        found = {}
        for tool in body.get("tools") or []:
            inner = tool["tools"] if tool["type"] == "namespace" else [tool]
            for each in inner:
                name = f"{tool['name']}.{each['name']}" if tool["type"] == "namespace" else each.get("name", each["type"])
                found[name] = each.get("parameters") or {}
        return found

    def schema_of(self, body):
        shape = (body.get("text") or {}).get("format") or {}
        if shape.get("type") == "json_object":
            return {"type": "object", "properties": {"word": {"type": "string"}, "count": {"type": "integer"}}}
        return shape.get("schema")

    def forced(self, body, offered):
        choice = body.get("tool_choice")
        if isinstance(choice, dict) and "name" in choice:
            return choice["name"]
        return next(iter(offered)) if choice == "required" and not self.steps else None

    # What it says

    def sealed(self, thought):
        """Reasoning that only this model can read."""
        return "gAAAAA" + hmac.digest(self.name.encode(), thought.encode(), hashlib.sha256).hex()

    def wants_thoughts(self, body):
        return self.thinks

    def call_of(self, body, name, given, at):
        id = f"{'ctc' if isinstance(given, str) else 'fc'}_{self.mark()}"
        space, _, own = name.rpartition(".")
        more = {"namespace": space} if space else {}
        if isinstance(given, str):
            return custom_call(own, given, self.id_of(name, at), id, **more)
        return function_call(own, json.dumps(given), self.id_of(name, at), id, **more)

    def says(self, body, said, cut=None):
        output = []
        if said.thought:
            output.append(reasoning(said.thought, self.sealed(said.thought), f"rs_{self.mark()}"))
        if said.text:
            output.append(message(said.text, f"msg_{self.mark()}"))
        output += [self.call_of(body, name, given, at) for at, (name, given) in enumerate(said.calls)]
        own = {"id": f"resp_{self.mark()}", "model": self.name}
        if not body.get("stream"):
            return self.gone() if cut is not None else answer(response(output, **own))
        events = responses_stream(output, **own)
        if cut is None:
            return sse(events)
        events = events[: max(3, int(len(events) * cut.part))]
        if cut.with_error:
            error = {"code": "model_not_found", "message": f"model: {self.name} is not available"}
            lost = {**response([], "failed", None, **own), "error": error}
            data = {"type": "response.failed", "sequence_number": len(events), "response": lost}
            return sse([*events, ("response.failed", data)])
        return sse(events, cut_after_bytes=sum(len(framed(event)) for event in events))
