"""Tests that text from a file, a caller or a provider never moves a terminal's cursor, and never reverses the reading
direction."""

import json
import subprocess
import unicodedata

import pytest
from conftest import scripted_providers
from holdfast import BINARY, Holdfast, cli
from plain import post
from upstream import status

HARMFUL = ["\x1b[2J", "\x9b2J", "\u202e", "\u2066", "\u200e", "\u061c", "\u200b", "\u2028", "\x7f"]


def assert_printable(said, where):
    bad = [each for each in said if unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp") and each not in "\n\t"]
    assert not bad, f"{where}: {bad!r} in {said[:2000]!r}"


def test_nothing_moves_the_terminal(upstream, tmp_path):
    bad = "".join(HARMFUL)
    # A recorded failure.
    recorded = tmp_path / "failures.jsonl"
    row = {"id": f"id{bad}", "dialect": "openai", "position": "head", "status": 404, "headers": {}, "cause": f"x{bad}",
        "body": {"error": {"message": f"gone{bad}"}}}  # fmt: skip
    recorded.write_text(json.dumps(row, ensure_ascii=False) + "\n")
    for options in ([], ["--json"]):
        done = cli("classify", str(recorded), *options)
        assert "gone" in done.stdout + "gone" and "id" in done.stdout
        assert_printable(done.stdout + done.stderr, "classify")
        if options:
            assert json.loads(done.stdout)["id"] == f"id{bad}", "JSON means what it meant"
    # Settings, right and wrong.
    settings = tmp_path / "settings.yaml"
    name = "\u202e\u2066\u200b"
    settings.write_text(
        f'keys: none\n"ro{name}utes": {{}}\nproviders:\n  p: {{dialect: openai, base_url: "https://x", models: ["m{name}", "n"]}}\n'
        f'routes: {{r: {{candidates: [{{provider: p, model: "o{name}"}}]}}}}\n'
    )
    done = cli("check", str(settings))
    assert done.returncode == 78
    assert_printable(done.stdout + done.stderr, "check")
    settings.write_text(
        f'keys: none\nproviders:\n  p: {{dialect: openai, base_url: "https://x", models: ["m{name}"]}}\n'
        f'routes: {{r: {{candidates: [{{provider: p, model: "m{name}"}}]}}}}\n'
    )
    done = cli("check", str(settings), check=0)
    assert_printable(done.stdout + done.stderr, "check")
    missing = cli("check", str(tmp_path / f"no{bad}"))
    assert_printable(missing.stdout + missing.stderr, "check of a file that isn't there")


@pytest.mark.parametrize("form", ["human", "json"])
def test_no_log_and_no_command_moves_it(upstream, form):
    bad = "".join(HARMFUL)
    with Holdfast(scripted_providers(upstream, probes="off"), log={"format": form, "level": "trace"}) as holdfast:
        model = upstream.plays(status(404, body={"error": {"message": f"The model is gone{bad}", "code": "model_not_found"}}))
        fields = {"authorization": f"Bearer {holdfast.key}"}
        for name in (f"oa/{model}", f"nothing{bad}", f"oa/x\u202e{bad[-3:]}", f"oa/y\u202e"):
            body = {"model": name, "messages": [{"role": "user", "content": "hi"}]}
            post(f"{holdfast.url}/v1/chat/completions", json=body, headers=fields)
        for command in (["status"], ["status", "--json"], ["models"], ["models", "--json"], ["disclosures"]):
            done = cli(*command, config=holdfast.config)
            assert_printable(done.stdout + done.stderr, command)
    assert_printable("\n".join(holdfast.lines), "log")
