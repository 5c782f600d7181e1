"""A candidate that fails and another that stands in for it: what both say,
and how a caller sees it."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field

import anthropic
import openai
from holdfast import ANSWER, PROMPT, Holdfast, eventually
from patience import PATIENCE
from shapes import (
    anthropic_answer, anthropic_stream, openai_answer, openai_chunk, openai_stream, text_block,
)
from upstream import answer, by_request, sse, status
from wire import Wire

TALK = [{"role": "user", "content": f"{PROMPT} Tell me of the lighthouse."}]
LIBRARIES = ["openai", "anthropic"]
#: Who asks, in whose dialect the first candidate answers.
WAYS = [(library, provider) for library in LIBRARIES for provider in ("oa", "an")]
#: ... and in whose the one that stands in.
TRIPS = [(*way, stand_in) for way in WAYS for stand_in in ("oa", "an")]

#: Sixty tokens; every third begins in the middle of a word.
TOKENS = [
    token for number in range(20)
    for token in (f" Lamp{number}", f" {'Grüße' if number % 2 else ANSWER} cap", f"tain{number},")
]  # fmt: skip
WHOLE = "".join(TOKENS).strip()
TOKENS[0] = TOKENS[0].lstrip()
assert len(TOKENS) == 60 and "".join(TOKENS) == WHOLE

ADDRESSES = {"oa": ("openai", "/v1"), "an": ("anthropic", "")}


def provider_at(upstream, kind, host, **more):
    dialect, path = ADDRESSES[kind]
    base = f"http://127.0.0.1:{upstream.port}{path}"
    return {"dialect": dialect, "base_url": base, "api_key": f"sk-of-the-provider-{host}", "host": host, **more}


@dataclass
class Pair:
    """A Holdfast with a route `talk`: `first`, then `second`."""

    holdfast: Holdfast
    upstream: object
    spare: object
    first: str
    second: str

    @property
    def first_calls(self):
        return self.upstream.calls(self.first)

    @property
    def second_calls(self):
        return self.spare.calls(self.second)

    def lines(self, count):
        """Returns the request log's lines of the first `count` requests, once they are there."""
        return self.holdfast.requests_logged(count)[:count]

    def waits(self, count):
        """Returns for each of the first `count` requests how many milliseconds it waited for a rate limit to pass, by
        Holdfast's own account: between two attempts a request waits for nothing else, but for 0.1 s of jitter."""
        return [line.get("waited_ms", 0) for line in self.lines(count)]


@contextmanager
def pair(upstream, spare, first, second, kinds=("oa", "oa"), candidates=({}, {}), top=None, **route):
    """`first` and `second` are behaviours; without a second the route has
    one candidate. `candidates` has more settings of each, `route` of the
    route, `top` of the whole."""
    models = [upstream.plays(first), spare.plays(second if second is not None else status(500))]
    providers = {
        "first": provider_at(upstream, kinds[0], "first-host"), "second": provider_at(spare, kinds[1], "second-host"),
    }  # fmt: skip
    listed = [
        {"provider": name, "model": model, **more}
        for name, model, more in zip(providers, models, candidates, strict=True)
    ]
    listed = listed if second is not None else listed[:1]
    top = {"log": {"format": "json"}, **(top or {})}
    with Holdfast(providers, {"talk": {"candidates": listed, **route}}, **top) as it:
        it.secrets += [each["api_key"] for each in providers.values()]
        yield Pair(it, upstream, spare, *models)


# What providers say


def answer_of(kind, text=WHOLE):
    return openai_answer(text) if kind == "oa" else anthropic_answer([text_block(text)])


def stream_of(kind, tokens=TOKENS):
    """One event for each token, and all that belongs around them."""
    if kind == "oa":
        whole = openai_stream("")
        return [*whole[:1], *[openai_chunk({"content": token}) for token in tokens], *whole[1:]]
    whole = anthropic_stream([text_block("")], ping=False)
    deltas = [{"type": "text_delta", "text": token} for token in tokens]
    events = [{"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas]
    return [*whole[:2], *[(event["type"], event) for event in events], *whole[2:]]


#: Events before the first token.
OPENING = {"oa": 1, "an": 2}


def opening(kind, tokens=40):
    """A stream's events up to and with so many tokens."""
    return stream_of(kind)[: OPENING[kind] + tokens]


def served(kind, text=WHOLE):
    """Answers whole, streamed or not, as it is asked."""

    def choose(request):
        if request.json.get("stream"):
            return sse(stream_of(kind, TOKENS if text == WHOLE else [text]))
        return answer(answer_of(kind, text))

    return by_request(choose)


def streams_or(kind, events, **how):
    """Plays these events to those who want a stream, and else answers."""
    return by_request(lambda request: sse(events, **how) if request.json.get("stream") else answer(answer_of(kind)))


def failing(kind, code, words="their words", headers=None, type="server_error", more=None):
    error = {"message": words, "type": type, **(more or {})}
    return status(code, headers, {"error": error} if kind == "oa" else {"type": "error", "error": error})


# A candidate that goes on where another stopped


def said(message):
    """The text of a request's message, of either dialect."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or [] if isinstance(part, dict))


def is_prefilled(request):
    return request.json["messages"][-1]["role"] == "assistant"


def known_part(request, whole):
    """Returns the part of the known text that has already been sent according to the request: the last assistant's
    message, or else a part that another message quotes."""
    messages = request.json["messages"]
    for message in reversed(messages):
        if message["role"] == "assistant" and said(message):
            return said(message)
    for message in reversed(messages):
        text = said(message)
        at = text.find(whole[:12])
        if at >= 0:
            length = 12
            while length < len(whole) and text[at : at + length + 1] == whole[: length + 1]:
                length += 1
            return whole[:length]
    return ""


def goes_on(kind, whole=WHOLE, *, refuses_prefill=False, repeats=0, delay=0.0):
    """Reads what was sent already, and answers with the exact rest; with
    `repeats` it begins so many characters earlier. Where no part of the text
    is in the request, with all of it."""

    def choose(request):
        if is_prefilled(request):
            if refuses_prefill:
                words = "This model does not support assistant message prefill."
                words += " The conversation must end with a user message."
                return failing(kind, 400, words, type="invalid_request_error")
            if kind == "an" and said(request.json["messages"][-1]) != said(request.json["messages"][-1]).rstrip():
                words = "messages: final assistant content cannot end with trailing whitespace"
                return failing(kind, 400, words, type="invalid_request_error")
        known = known_part(request, whole)
        if not whole.startswith(known):
            return sse(stream_of(kind, [f"<asked to go on after {known[-40:]!r}, which nobody said>"]))
        rest = whole[max(0, len(known) - repeats) :]
        pieces = [rest[at : at + 7] for at in range(0, len(rest), 7)]
        if request.json.get("stream"):
            return sse(stream_of(kind, pieces), delay=delay)
        return answer(answer_of(kind, rest))

    return by_request(choose)


# How it is asked


@dataclass
class Heard:
    """A stream as its bytes tell it: events, and what they add up to."""

    status: int
    fields: dict
    events: list = field(default_factory=list)

    @property
    def text(self):
        return "".join(self._texts())

    def _texts(self):
        for event in self.events:
            if isinstance(event, dict):
                yield (event.get("delta") or {}).get("text") or ""
        for choice in self.choices:
            yield choice["delta"].get("content") or ""

    @property
    def choices(self):
        """Those of all chunks; what is of another shape has none."""
        lists = [event.get("choices") for event in self.events if isinstance(event, dict)]
        return [choice for choices in lists if isinstance(choices, list) for choice in choices]

    def of_type(self, kind):
        return [event for event in self.events if isinstance(event, dict) and event.get("type") == kind]

    @property
    def finish_reasons(self):
        return [choice["finish_reason"] for choice in self.choices if choice.get("finish_reason")]

    @property
    def errors(self):
        return [event for event in self.events if isinstance(event, dict) and "error" in event]


def hear(holdfast, library, model="talk", path=None, timeout=2 * PATIENCE, **more):
    """A stream, read by hand: clients hide what they take no notice of. What
    is no JSON stays among the events as it came."""
    path = path or ("/v1/chat/completions" if library == "openai" else "/v1/messages")
    body = {"model": model, "messages": TALK, "stream": True, "max_tokens": 500, **more}
    with Wire(holdfast, timeout=timeout) as wire:
        wire.post(body, path=path)
        code, fields, data = wire.answer()
    heard = Heard(code, fields)
    for block in data.decode(errors="replace").split("\n\n"):
        lines = [line[5:].strip() for line in block.split("\n") if line.startswith("data:")]
        if lines or not block.startswith((":", "event:")):
            text = "\n".join(lines) or block
            try:
                heard.events.append(json.loads(text))
            except ValueError:
                if text:
                    heard.events.append(text)
    return heard


def plain(holdfast, library, model="talk", **more):
    options = {"model": model, "messages": TALK, "max_tokens": 500, **more}
    if library == "openai":
        return holdfast.openai().chat.completions.create(**options).choices[0].message.content
    return "".join(block.text for block in holdfast.anthropic().messages.create(**options).content)


def streamed(holdfast, library, model="talk", **more):
    """The whole text; raises when the stream does not end as it should."""
    options = {"model": model, "messages": TALK, "max_tokens": 500, **more}
    if library == "openai":
        chunks = list(holdfast.openai().chat.completions.create(**options, stream=True))
        assert any(chunk.choices and chunk.choices[0].finish_reason for chunk in chunks), "ended without an end"
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    with holdfast.anthropic().messages.stream(**options) as stream:
        kinds = [event.type for event in stream]
        assert kinds[-1] == "message_stop", "ended without an end"
        return "".join(block.text for block in stream.get_final_message().content)


HOWS = {"plain": plain, "streamed": streamed}


def raw(holdfast, library, model="talk", **more):
    """The answer with its header fields."""
    options = {"model": model, "messages": TALK, "max_tokens": 500, **more}
    if library == "openai":
        return holdfast.openai().chat.completions.with_raw_response.create(**options)
    return holdfast.anthropic().messages.with_raw_response.create(**options)


def refusal(holdfast, library, how=plain, **more):
    """The client's own exception."""
    try:
        how(holdfast, library, **more)
    except (openai.APIError, anthropic.APIError) as error:
        assert len(str(error)) > 10
        return error
    raise AssertionError("answered, where an error was due")


