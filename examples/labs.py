#!/usr/bin/env python3
"""Two scripted labs on this machine, to run the examples without accounts.

    source labs.env && python3 labs.py

The first speaks Anthropic's API at ANTHROPIC_ADDRESS, the second OpenAI's at
OPENAI_ADDRESS. Whatever they are asked, both give the same answer, and both go
on where another one stopped. Each can be made to fail:

    curl -sX POST http://127.0.0.1:9001/pull      # the model is withdrawn
    curl -sX POST http://127.0.0.1:9001/cut       # streams break off half way
    curl -sX POST http://127.0.0.1:9001/restore   # all is well again

They are made of the scripted provider that the tests use
(Tests/Clients/upstream.py). Python's standard library is enough.
"""

import os
import socket
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Tests/Clients"))

from upstream import Upstream, answer, framed, sse, status  # noqa: E402

ANSWER = (
    "A holdfast is the part of a seaweed that grips the rock. It takes nothing from the rock but its hold, "
    "and so the plant stays where it is, whatever the sea does."
)


def text(message):
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def remainder(request):
    """The answer, or its rest where the request holds the beginning of it."""
    spoken = [text(message) for message in request["messages"] if message["role"] == "assistant"]
    begun = spoken[-1] if spoken else ""
    return ANSWER[len(begun) :] if begun and ANSWER.startswith(begun) else ANSWER


def words(text):
    return text.replace(" ", " \0").split("\0")


class Anthropic:
    """Messages, https://docs.anthropic.com/en/api/messages"""

    GONE = {
        "type": "error",
        "error": {"type": "not_found_error", "message": "Claude Opus 4.8 is not available. Please use another model."},
    }

    @staticmethod
    def reply(model, said, more):
        return {
            "id": "msg_scripted", "type": "message", "role": "assistant", "model": model, "content": said,
            "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 12, "output_tokens": 1}, **more,
        }  # fmt: skip

    def whole(self, model, said):
        usage = {"input_tokens": 12, "output_tokens": len(words(said))}
        return self.reply(model, [{"type": "text", "text": said}], {"stop_reason": "end_turn", "usage": usage})

    def stream(self, model, said):
        events = [
            {"type": "message_start", "message": self.reply(model, [], {})},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        ]
        for word in words(said):
            events.append({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}})
        events += [
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": len(words(said))},
            },
            {"type": "message_stop"},
        ]  # fmt: skip
        return [(event["type"], event) for event in events]


class OpenAI:
    """Chat Completions, https://platform.openai.com/docs/api-reference/chat"""

    GONE = {
        "error": {
            "message": "The model `gpt-5.2` has been deprecated and is no longer available.",
            "type": "invalid_request_error", "param": None, "code": "model_not_found",
        }
    }  # fmt: skip

    @staticmethod
    def usage(said):
        count = len(words(said))
        return {"prompt_tokens": 12, "completion_tokens": count, "total_tokens": 12 + count}

    def whole(self, model, said):
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        return {
            "id": "chatcmpl-scripted", "object": "chat.completion", "created": 1781222400, "model": model,
            "choices": [choice], "usage": self.usage(said),
        }  # fmt: skip

    def stream(self, model, said):
        def chunk(choices, **more):
            return {
                "id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1781222400, "model": model,
                "choices": choices, **more,
            }  # fmt: skip

        deltas = [{"role": "assistant", "content": ""}, *({"content": word} for word in words(said))]
        events = [chunk([{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]
        events.append(chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
        return [*events, chunk([], usage=self.usage(said)), "[DONE]"]


class Lab(Upstream):
    """A provider with one model, whatever its name, and a state that can be changed over HTTP."""

    def __init__(self, name, dialect, address):
        super().__init__(port=urlsplit(address).port)
        self.name, self.dialect, self.state = name, dialect, "restore"

    def takes(self, request):
        """What the base class asks for every request: a behaviour, and how often it was played."""
        return self.behaviour(request), 1

    def behaviour(self, request):
        if request.target in ("/pull", "/cut", "/restore") and request.method == "POST":
            self.state = request.target[1:]
            return answer(f"{self.name}: {self.state}\n".encode(), headers={"content-type": "text/plain"})
        if request.method != "POST":
            return status(404)
        if self.state == "pull":
            return status(404, body=self.dialect.GONE)
        asked = request.json
        said = remainder(asked)
        if not asked.get("stream"):
            return answer(self.dialect.whole(asked["model"], said))
        events = self.dialect.stream(asked["model"], said)
        length = sum(len(framed(event)) for event in events)
        # Slow enough that it can be seen to be a stream.
        return sse(events, delay=0.01, cut_after_bytes=length // 2 if self.state == "cut" else None)


def main():
    addresses = os.environ.get("ANTHROPIC_ADDRESS"), os.environ.get("OPENAI_ADDRESS")
    if not all(addresses):
        sys.exit("labs.py: first `source labs.env`, which says where the labs are")
    for address in addresses:
        try:
            socket.create_server(("127.0.0.1", urlsplit(address).port)).close()
        except OSError as error:
            sys.exit(f"labs.py: {address}: {error.strerror}; labs.env says where the labs are")
    first, second = Lab("anthropic", Anthropic(), addresses[0]), Lab("openai", OpenAI(), addresses[1])
    with first, second:
        print(f"Two labs: {addresses[0]} speaks Anthropic's API, {addresses[1]} OpenAI's. Ctrl-C ends them.", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
