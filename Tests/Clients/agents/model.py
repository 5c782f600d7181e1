"""A model of either dialect that behaves like one: it calls the tools that it
is offered, waits for their results, says something, and keeps to its
provider's rules (`strict`). It can be pulled at any moment, in the middle of a
stream too, and brought back.

What it says depends on the conversation only, so that any of two models can go
on where the other stopped: in its turn number n, which is counted by the
prompts that hold the marker word, it makes the calls of `steps` one after the
other and then says `text_of(n)`.
"""

import base64
import hashlib
import hmac
import json
import struct
from dataclasses import dataclass, field

from holdfast import ANSWER, PROMPT
from shapes import (
    anthropic_answer, anthropic_stream, openai_answer, openai_call, openai_chunk, openai_stream, text_block,
    thinking_block, tool_block,
)
from strict import AnthropicRules, OpenAIRules, Refusal
from upstream import answer, by_request, framed, sse, status

NUMBERS = ["None", "One", "Two", "Three", "Four", "Five", "Six"]
BEFORE_A_CALL = "Let me look it up for you, with care and in one go."


def text_of(turn):
    """The text at the end of a turn; no two turns begin with the same words."""
    return f"{NUMBERS[turn]}: the {ANSWER} of the lighthouse says 世界 and \"quoted\" \\ and\nthat's all there is to it."


def texts_in(content):
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content or [] if isinstance(part, dict) and part["type"] == "text")


@dataclass
class Turn:
    """The state of the conversation."""

    number: int
    #: Assistant's messages with calls since the last prompt.
    rounds: int
    #: What the assistant is in the middle of saying.
    begun: list[str]
    #: Results since the last prompt, as texts.
    results: list[str]
    #: What the assistant has said since, whole or not.
    said: list[str]


def is_prompt(message):
    return message["role"] == "user" and PROMPT in texts_in(message["content"])


def turn_of(messages):
    """Reads a conversation of either dialect."""
    prompts = [index for index, message in enumerate(messages) if is_prompt(message)]
    since = messages[prompts[-1] + 1 :] if prompts else messages
    rounds, results, begun, said = 0, [], [], []
    for message in since:
        content = message.get("content")
        blocks = content if isinstance(content, list) else []
        if message["role"] == "assistant":
            has_call = bool(message.get("tool_calls")) or any(block["type"] == "tool_use" for block in blocks)
            # Some clients tell in words what was called.
            has_call = has_call or texts_in(content).startswith("Calling tools:")
            rounds += has_call
            if not has_call and texts_in(content):
                begun.append(texts_in(content))
                said.append(texts_in(content))
        elif message["role"] == "tool":
            results.append(texts_in(content))
        elif message["role"] == "user":
            results += [json.dumps(block.get("content")) for block in blocks if block["type"] == "tool_result"]
            begun.append(texts_in(content))
            results += [texts_in(content)] if texts_in(content).startswith("Observation:") else []
    return Turn(len(prompts), rounds, begun, results, said)


def rest_of(whole, begun):
    """The rest of a text whose beginning others have already said, according to the conversation or to a quotation in
    it."""
    for said in reversed(begun):
        at = said.find(whole[:12])
        if at >= 0:
            length = 12
            while length < len(whole) and said[at : at + length + 1] == whole[: length + 1]:
                length += 1
            return whole[length:]
    return whole


def example_of(schema):
    """The simplest value that a schema lets pass."""
    if "$ref" in schema:
        raise Refusal("schema", "references are not known to this model")
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0])
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        return {name: example_of(value) for name, value in schema.get("properties", {}).items()}
    if kind == "array":
        return [example_of(schema.get("items", {"type": "string"}))]
    return {"integer": 7, "number": 7.5, "boolean": True, "null": None}.get(kind, "seven")


@dataclass
class Said:
    """One answer: thoughts, then text, then calls with their arguments."""

    thought: str = ""
    text: str = ""
    calls: list[tuple[str, dict]] = field(default_factory=list)


@dataclass
class Cut:
    """A stream that ends early, and takes the model with it."""

    #: The part of its events that is sent.
    part: float
    #: Whether it says why, or only closes the connection.
    with_error: bool


class Model:
    """A scripted model at an upstream. `steps` are the rounds of a turn's
    calls, `[[("Read", {...}), ("Read", {...})], [("Bash", {...})]]`; `ids` is
    how it names its calls: `own`, unique and in the usual form, or `counted`,
    like servers that begin anew in each answer and use other signs; `answers`
    are what it says in place of `text_of(n)`, one after the other."""

    def __init__(self, upstream, kind, *, steps=(), ids="own", thinks=False, answers=(), flat=False, most_tokens=None, name=None):
        self.upstream, self.kind = upstream, kind
        self.steps, self.ids, self.thinks, self.answers = steps, ids, thinks, answers
        self.flat, self.most_tokens = flat, most_tokens
        #: What it refused, in its own words.
        self.refused = []
        #: Turns in which it was asked for a caller; titles and the like do
        #: not count.
        self.served = []
        #: Results of tools that it was shown.
        self.results = []
        self.is_pulled = False
        self._pull_after = None
        self._cut = None
        self._made = 0
        self.threads = {}
        self.name = upstream.plays(by_request(self.choose), name)

    # Being pulled

    def pull(self):
        """Withdraws the model, from the next request on."""
        self.is_pulled = True

    def pull_after(self, answers):
        """Withdraws the model after this number of further answers in turns."""
        self._pull_after = answers

    def pull_in_stream(self, part=0.5, with_error=False):
        """Withdraws the model in the middle of its next answer in a turn."""
        self._cut = Cut(part, with_error)

    def back(self):
        self.is_pulled, self._pull_after, self._cut = False, None, None

    # How it answers

    def choose(self, request):
        if self.is_pulled:
            return self.gone()
        body = self.whole_of(request.json)
        if body is None:
            return self.failing(404, "No usable thread.", "not_found_error", details={"error_code": "thread_not_found"})
        if request.is_probe:
            return self.says(body, Said(text="x"))
        if request.target.split("?")[0].endswith("/embeddings"):
            return self.embeds(body)
        counts = request.target.split("?")[0].endswith("/count_tokens")
        try:
            self.check(body, request.headers, counts)
            if counts:
                return answer({"input_tokens": len(json.dumps(body["messages"])) // 4})
            said, is_turn = self.answer_to(body)
        except Refusal as refusal:
            self.refused.append(f"{refusal} <- {json.dumps(body, ensure_ascii=False)[:6000]}")
            return self.failing(400, str(refusal), "invalid_request_error")
        if not is_turn:
            return self.says(body, said)
        if self._pull_after is not None:
            self._pull_after -= 1
            self.is_pulled = self._pull_after <= 0
        cut, self._cut = self._cut, None
        if cut is not None:
            self.is_pulled = True
        return self.says(body, said, cut)

    def check(self, body, headers, counts=False):
        if self.kind == "oa":
            OpenAIRules(body, flat=self.flat, most_tokens=self.most_tokens).check()
        else:
            betas = [name.strip() for name in headers.get("anthropic-beta", "").split(",")]
            AnthropicRules(body, betas, self.signs, counts).check()

    def gone(self):
        return self.failing(404, f"model: {self.name} is not available", "not_found_error", "model_not_found")

    def failing(self, code, words, type, oa_code=None, **more):
        error = {"message": words, "type": type, **more}
        if self.kind == "oa":
            return status(code, body={"error": {**error, "param": None, "code": oa_code}})
        return status(code, body={"type": "error", "error": error})

    def whole_of(self, body):
        """The request with what a thread of this server's holds; None where
        it has no such thread."""
        thread = body.get("thread")
        if self.kind == "oa" or not thread or thread["type"] != "continue":
            return body
        held = self.threads.get(thread["previous_message_id"])
        if held is None:
            return None
        return {**body, **held, "messages": [*held["messages"], *body["messages"]]}

    def offered(self, body):
        """The tools that it may call. One that is held back counts once it
        has been named in the conversation."""
        tools = body.get("tools") or []
        if self.kind == "oa":
            return {tool["function"]["name"]: tool["function"].get("parameters", {}) for tool in tools}
        named = json.dumps(body["messages"])
        return {
            tool["name"]: tool["input_schema"] for tool in tools
            if not tool.get("defer_loading") or f'"tool_name": {json.dumps(tool["name"])}' in named
        }  # fmt: skip

    def schema_of(self, body):
        shape = body.get("response_format") or (body.get("output_config") or {}).get("format") or {}
        if shape.get("type") == "json_object":
            return {"type": "object", "properties": {"word": {"type": "string"}, "count": {"type": "integer"}}}
        return shape.get("schema") or (shape.get("json_schema") or {}).get("schema")

    def answer_to(self, body):
        """Returns the answer to give, and whether it is an answer in a turn."""
        offered, schema = self.offered(body), self.schema_of(body)
        messages = body["messages"]
        turn = turn_of(messages)
        if not any(map(is_prompt, messages)):
            return Said(text=json.dumps(example_of(schema)) if schema else "Nothing was asked."), False
        if schema is not None and set(schema.get("properties", {})) == {"title"}:
            return Said(text=json.dumps(example_of(schema))), False
        self.served.append(turn.number)
        self.results += turn.results
        thought = f"A thought of {self.name} in turn {turn.number}." if self.wants_thoughts(body) else ""
        forced = self.forced(body, offered)
        steps = [[(forced, example_of(offered[forced]))]] if forced else self.steps
        if offered and turn.rounds < len(steps) and self.may_call(body):
            calls = [(name, arguments or example_of(offered.get(name, {}))) for name, arguments in steps[turn.rounds]]
            for name, _ in calls:
                if name not in offered:
                    raise Refusal("tools", f"{name!r} was not offered, only {sorted(offered)}")
            # Who is held to a call says nothing before it.
            return Said(thought, "" if forced else rest_of(BEFORE_A_CALL, turn.begun), calls), True
        if schema is not None:
            return Said(thought, rest_of(json.dumps(example_of(schema)), turn.begun)), True
        if self.answers:
            said = [text.strip() for text in turn.said]
            left = [answer for answer in self.answers if answer.strip() not in said]
            return Said(thought, (left or self.answers)[0]), True
        return Said(thought, rest_of(text_of(turn.number), turn.begun)), True

    def forced(self, body, offered):
        """The tool that the caller insists on."""
        choice = body.get("tool_choice")
        if isinstance(choice, dict) and "function" in choice:
            return choice["function"]["name"]
        if isinstance(choice, dict) and choice["type"] == "tool":
            return choice["name"]
        if choice == "required" or isinstance(choice, dict) and choice["type"] == "any":
            return None if self.steps else next(iter(offered))
        return None

    def may_call(self, body):
        choice = body.get("tool_choice")
        return choice != "none" and choice != {"type": "none"}

    def wants_thoughts(self, body):
        if self.kind == "oa":
            return self.thinks
        return (body.get("thinking") or {}).get("type") in ("adaptive", "enabled")

    # Signatures and ids

    def signature_of(self, thought):
        return base64.b64encode(hmac.digest(self.name.encode(), thought.encode(), hashlib.sha256)).decode()

    def signs(self, block):
        return block.get("signature") == self.signature_of(block["thinking"])

    def id_of(self, name, index):
        if self.ids == "counted":
            return f"functions.{name}:{index}"
        return f"{'call_' if self.kind == 'oa' else 'toolu_'}{self.mark()}"

    def mark(self):
        """Returns an id that no other model's answer has."""
        self._made += 1
        return f"{self.upstream.port}_{self.name.replace('-', '_')}_{self._made}"

    # On the wire

    def says(self, body, said, cut=None):
        events_of = self.openai_events if self.kind == "oa" else self.anthropic_events
        whole, events = events_of(body, said)
        if not body.get("stream"):
            if cut is not None:
                return self.gone()
            return answer(whole)
        if cut is None:
            return sse(events)
        events = events[: max(3, int(len(events) * cut.part))]
        if cut.with_error:
            error = {"message": f"model: {self.name} is not available", "type": "not_found_error"}
            if self.kind == "oa":
                events.append({"error": {**error, "code": "model_not_found", "param": None}})
            else:
                events.append(("error", {"type": "error", "error": error}))
            return sse(events)
        return sse(events, cut_after_bytes=sum(len(framed(event)) for event in events))

    def openai_events(self, body, said):
        calls = [openai_call(name, json.dumps(given), self.id_of(name, at)) for at, (name, given) in enumerate(said.calls)]
        finish = "tool_calls" if calls else "stop"
        own = {"id": f"chatcmpl-{self.mark()}", "model": self.name}
        whole = openai_answer(said.text or None, calls, finish, **own)
        includes_usage = (body.get("stream_options") or {}).get("include_usage")
        events = openai_stream(said.text, calls, finish, **({} if includes_usage else {"usage": None}))
        if said.thought:
            whole["choices"][0]["message"]["reasoning_content"] = said.thought
            events.insert(1, openai_chunk({"reasoning_content": said.thought}))
        return whole, [event if isinstance(event, str) else {**event, **own} for event in events]

    def anthropic_events(self, body, said):
        blocks = [thinking_block(said.thought, self.signature_of(said.thought))] if said.thought else []
        blocks += [text_block(said.text)] if said.text else []
        blocks += [tool_block(name, given, self.id_of(name, at)) for at, (name, given) in enumerate(said.calls)]
        stop = "tool_use" if said.calls else "end_turn"
        id = f"msg_{self.mark()}"
        self.remember(id, body, blocks)
        events = anthropic_stream(blocks, stop)
        events[0][1]["message"] |= {"id": id, "model": self.name}
        return anthropic_answer(blocks, stop, id=id, model=self.name), events

    def remember(self, id, body, blocks):
        """Keeps the conversation where the caller wants a thread."""
        if body.get("thread"):
            messages = [*body["messages"], {"role": "assistant", "content": blocks}]
            fixed = {name: body[name] for name in ("system", "tools") if name in body}
            self.threads[id] = {**fixed, "messages": messages}

    def embeds(self, body):
        """Vectors that differ by their text and by nothing else."""
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        data = []
        for index, text in enumerate(texts):
            numbers = [byte / 256 for byte in hashlib.sha256(json.dumps(text).encode()).digest()[:8]]
            if body.get("encoding_format") == "base64":
                numbers = base64.b64encode(struct.pack("<8f", *numbers)).decode()
            data.append({"object": "embedding", "index": index, "embedding": numbers})
        usage = {"prompt_tokens": 9, "total_tokens": 9}
        return answer({"object": "list", "data": data, "model": self.name, "usage": usage})
