"""The APIs in which Holdfast is asked: their paths, their bodies, and where their answers have the text."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import sigv4


@dataclass(frozen=True)
class Dialect:
    """One API, as the load generators speak it."""

    title: str
    path: str
    # A request with this text, streamed or not.
    body: Callable[[str, bool], dict[str, object]]
    # The answer's text.
    text: Callable[[dict], str]
    headers: dict[str, str] = field(default_factory=dict)
    # Its requests are signed, and not sent with a key.
    is_signed: bool = False


def _messages(text: str, stream: bool) -> dict[str, object]:
    body: dict[str, object] = {"model": "bench", "max_tokens": 64, "messages": [{"role": "user", "content": text}]}
    return {**body, "stream": True} if stream else body


def _responses(text: str, stream: bool) -> dict[str, object]:
    # As Codex asks: nothing is to be kept, so that nothing has to be said about it.
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    body: dict[str, object] = {"model": "bench", "max_output_tokens": 64, "store": False, "input": [message]}
    return {**body, "stream": True} if stream else body


def _converse(text: str, stream: bool) -> dict[str, object]:
    # The model and the stream stand in the path.
    return {"messages": [{"role": "user", "content": [{"text": text}]}], "inferenceConfig": {"maxTokens": 64}}


def _converse_text(said: dict) -> str:
    return said["output"]["message"]["content"][0]["text"]


# The first is the provider's own: the others are compared with it.
DIALECTS = {
    "openai": Dialect(
        "OpenAI in, OpenAI out", "/v1/chat/completions", _messages,
        lambda said: said["choices"][0]["message"]["content"]),
    "anthropic": Dialect(
        "Anthropic in, OpenAI out", "/v1/messages", _messages, lambda said: said["content"][0]["text"],
        {"anthropic-version": "2023-06-01"}),
    "responses": Dialect(
        "Responses in, OpenAI out", "/v1/responses", _responses,
        lambda said: said["output"][0]["content"][0]["text"]),
    "converse": Dialect(
        "Converse in, OpenAI out, with a bearer", "/model/bench/converse", _converse, _converse_text),
    "signed": Dialect(
        "Converse in, OpenAI out, signed (SigV4)", "/model/bench/converse", _converse, _converse_text,
        is_signed=True),
}  # fmt: skip


@dataclass(frozen=True)
class Signing:
    """A key of Holdfast's that signs."""

    id: str
    secret: str

    def headers(self, dialect: Dialect, port: int, body: bytes) -> dict[str, str]:
        """The header fields of a request that is signed now, and may be repeated for five minutes."""
        host = f"127.0.0.1:{port}"
        return sigv4.sign(self.id, self.secret, "us-east-1", "bedrock", host, dialect.path, body)


def signing_key(program: Path, config: Path) -> Signing | None:
    """A key that signs, made for these settings; none where the program is older than such keys."""
    command = [program, "keys", "create", "--name", "bench-signed", "--sigv4", "--quiet", "--config", config]
    made = subprocess.run(command, capture_output=True, text=True, timeout=20, env=_environment())
    said = dict(word.split("=", 1) for word in made.stdout.split() if "=" in word)
    if made.returncode != 0 or "AWS_ACCESS_KEY_ID" not in said:
        return None
    return Signing(said["AWS_ACCESS_KEY_ID"], said["AWS_SECRET_ACCESS_KEY"])


def _environment() -> dict[str, str]:
    """Ours, without credentials that would be meant for Amazon."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def sized(dialect: Dialect, size: int, stream: bool) -> bytes:
    """A request of so many bytes, the prompt filling what its members leave."""
    text = "You are a careful reader. Summarise the text below in three sentences for an engineer on call. " * 20
    left = size - len(json.dumps(dialect.body("", stream), separators=(",", ":")))
    return json.dumps(dialect.body(text[:left], stream), separators=(",", ":")).encode()
