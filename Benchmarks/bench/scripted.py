"""The answers of the two scripted providers of `faults` and `switch`: sixty tokens, and every way to fail while sending
them.

The sockets and the plain behaviours are those of Tests/Clients/upstream.py. The rest of that folder needs the official
clients, which a benchmark does without.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from .install import ROOT

sys.path.append(str(ROOT.parent / "Tests" / "Clients"))

from upstream import (  # noqa: E402
    Behaviour, Request, Upstream, answer, by_request, close_before_head, framed, in_turn, reset, silence, sse, status,
)  # fmt: skip

__all__ = [
    "Behaviour", "Request", "Upstream", "by_request", "close_before_head", "framed", "in_turn", "reset", "silence", "sse",
]  # fmt: skip

# Prose: where a text repeats itself, a gateway has to hear more of a standby to know where it goes on.
WHOLE = (
    "The lighthouse at Hörnum was lit in 1907, and for seventy years somebody climbed its stairs at dusk. The last "
    "keeper wrote one line a night into her log: wind, sight, ships, and once, in the hard winter of 1963, only "
    "»Grüße an alle«. What came after her is a switch; it writes nothing, costs little, and has never been late."
)
# Sixty pieces that end anywhere in a word.
TOKENS = [WHOLE[len(WHOLE) * number // 60 : len(WHOLE) * (number + 1) // 60] for number in range(60)]
QUESTION = [{"role": "user", "content": "Tell me of the lighthouse and of those who keep it."}]

# A standby's own, like nobody else's: whoever adds them up or makes them up is found out.
USAGE = {"prompt_tokens": 1210, "completion_tokens": 33, "total_tokens": 1243}


def chunk(delta: dict[str, object] | None = None, finish: str | None = None, **more: object) -> dict[str, object]:
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": "scripted-2026",
        "choices": [{"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}],
        **more,
    }


def said(token: str) -> dict[str, object]:
    """The event that brings a piece of text."""
    return chunk({"content": token})


OPENING = chunk({"role": "assistant", "content": ""})
CLOSING = [chunk(finish="stop"), {**chunk(), "choices": [], "usage": USAGE}, "[DONE]"]


def opening(tokens: int) -> list[object]:
    """A stream's events up to and with so many tokens."""
    return [OPENING, *map(said, TOKENS[:tokens])]


def whole(text: str = WHOLE, finish: str = "stop") -> Behaviour:
    """A plain answer."""
    message = {"role": "assistant", "content": text, "refusal": None}
    return answer(
        {
            "id": "chatcmpl-scripted",
            "object": "chat.completion",
            "created": 1767225600,
            "model": "scripted-2026",
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
            "usage": USAGE,
        }
    )


def well() -> Behaviour:
    """Answers whole, streamed or not, as it is asked."""
    stream = sse([*opening(len(TOKENS)), *CLOSING])
    return by_request(lambda request: stream if request.json.get("stream") else whole())


def failing(
    number: int, words: str, kind: str = "server_error", code: str | None = None, headers: dict[str, str] | None = None
) -> Behaviour:
    """An error in OpenAI's shape; `number` is the status."""
    return status(number, headers or {}, {"error": {"message": words, "type": kind, "param": None, "code": code}})


def is_prefilled(request: Request) -> bool:
    return request.json["messages"][-1]["role"] == "assistant"


def known_to(request: Request) -> str:
    """Returns the part of the answer that has already been sent according to the request.

    This part is the last assistant's message, or is quoted in another message; if the request contains none of it, the
    answer is wanted from its beginning.
    """
    texts = [(message["role"], _text(message.get("content"))) for message in reversed(request.json["messages"])]
    for role, text in texts:
        if role == "assistant" and text:
            return text
    for _, text in texts:
        at = text.find(WHOLE[:12])
        if at >= 0:
            length = 12
            while length < len(WHOLE) and text[at : at + length + 1] == WHOLE[: length + 1]:
                length += 1
            return WHOLE[:length]
    return ""


def rest_for(request: Request) -> list[str]:
    """Returns the rest of the answer to this request, one word per piece."""
    known = known_to(request)
    if not WHOLE.startswith(known):
        return [f"<asked to go on after {known[-40:]!r}, which nobody said>"]
    return re.findall(r"\s*\S+", WHOLE[len(known) :])


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


@dataclass(frozen=True)
class goes_on(Behaviour):
    """Reads what was sent already, and answers with the exact rest."""

    refuses_prefill: bool = False

    async def play(self, wire) -> None:
        request = wire.request
        if self.refuses_prefill and is_prefilled(request):
            words = "This model does not support assistant message prefill. The conversation must end with a user message."
            return await failing(400, words, "invalid_request_error").play(wire)
        pieces = rest_for(request)
        if request.json.get("stream"):
            return await sse([OPENING, *map(said, pieces), *CLOSING]).play(wire)
        await whole("".join(pieces)).play(wire)
