"""A Holdfast with a ledger, and the programs that read it."""

import json
import subprocess

from conftest import scripted_providers
from holdfast import ANSWER, BINARY, PROMPT, Holdfast, cli, eventually
from shapes import openai_answer
from upstream import answer

VERIFY = BINARY.with_name("holdfast-verify")
NAME = "ledger.example.com/tests"
ROUTES = {"talk": {"candidates": [{"provider": "oa", "model": "scripted-ledger"}]}}


def recording(upstream, **more):
    upstream.plays(answer(openai_answer(ANSWER)), model="scripted-ledger")
    return Holdfast(scripted_providers(upstream), ROUTES, ledger={"name": NAME}, **more)


def ask(holdfast):
    reply = holdfast.openai().chat.completions.with_raw_response.create(
        model="talk", messages=[{"role": "user", "content": PROMPT}]
    )
    return reply.headers["x-request-id"]


def folder(holdfast):
    return holdfast.directory / ".holdfast/data/ledger/log"


def size(holdfast):
    return int(holdfast.get("/ledger/checkpoint")[2].split(b"\n")[1])


#: Entries that a server writes by itself, some of them at its own times.
OWN = ("veto.began", "permit.granted", "permit.ticks")


def recorded(holdfast, entries):
    """So many entries are published, beside those of the server's own."""
    eventually(lambda: size(holdfast) >= entries)
    eventually(lambda: len(others(holdfast)) >= entries)


def others(holdfast):
    """The published entries but those of the server's own."""
    return [entry for entry in shown(holdfast) if entry["kind"] not in OWN]


def key(holdfast):
    return cli("ledger", "key", config=holdfast.config, check=0).stdout.strip()


def verify(target, log, *more):
    return subprocess.run([VERIFY, target, "--log", log, *more], capture_output=True, text=True, timeout=60)


def shown(holdfast, *options):
    lines = cli("ledger", "show", "--json", *options, config=holdfast.config, check=0).stdout.splitlines()
    return [json.loads(line) for line in lines]
