"""The other ways in which Claude Code reaches Holdfast (docs/agents.md): through Bedrock's API, and with a credential
of its own beside the Holdfast key."""

import pytest
from features import FEATURES
from test_claude_code import Session

TOOLS = ["one tool", "two at once"]


@pytest.mark.parametrize("name", ["plain", *TOOLS])
def test_through_the_door_of_bedrock(scene, name):
    with Session(scene, FEATURES[name], model="claude-sonnet-5") as session:
        house = session.scene.holdfast
        # Claude Code asks for profiles of a region: us.anthropic.claude-…
        house.write_config(routes={**house.settings["routes"], "*claude-*": "claude-sonnet-5"})
        house.restart()
        world = session.claude.world
        for left in ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"):
            del world[left]
        world |= {
            "CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_BEDROCK_BASE_URL": house.url, "AWS_REGION": "us-east-1",
            "AWS_BEARER_TOKEN_BEDROCK": session.scene.key,
        }  # fmt: skip
        session.turn("l")
        assert session.scene.holdfast.requests_logged(where=lambda line: "bedrock" in line["door"])
        session.scene.pull()
        session.turn("s")
        session.scene.back()
        session.turn("l")


def test_with_a_credential_of_its_own(scene):
    with Session(scene, FEATURES["one tool"]) as session:
        house = session.scene.holdfast
        first = {**house.settings["providers"]["first"], "credential": "caller"}
        del first["api_key"]
        house.write_config(providers={**house.settings["providers"], "first": first})
        house.restart()
        own = "sk-ant-oat01-of-the-caller-0123456789"
        house.secrets.append(own)
        session.claude.world |= {
            "ANTHROPIC_AUTH_TOKEN": own, "ANTHROPIC_CUSTOM_HEADERS": f"x-holdfast-key: {house.key}"
        }
        session.turn("l")
        sent = session.lead.upstream.calls(session.lead.name)
        assert {request.headers["authorization"] for request in sent} == {f"Bearer {own}"}
        assert not any(house.key in value for request in sent for _, value in request.header_list)
        session.scene.pull()
        session.turn("s")
        for request in session.standby.upstream.calls(session.standby.name):
            assert not any(own in value for _, value in request.header_list)


def test_its_sessions_are_on_record(scene):
    with Session(scene, FEATURES["one tool"]) as session:
        session.turn("l")
        named = {line.get("session") for line in session.scene.requests(operation="chat")}
        assert len(named) == 1 and None not in named, named
        [request, *_] = session.lead.upstream.calls(session.lead.name)
        # What the provider gets is what the client said.
        assert request.headers["x-claude-code-session-id"] in named
        assert request.headers["anthropic-beta"] and request.headers["anthropic-version"]
