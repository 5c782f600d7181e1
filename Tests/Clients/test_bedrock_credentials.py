"""Sources of the credential for Bedrock, each behind a scripted endpoint: a
credential is renewed before it ends, the source that is configured is the only
one that is asked, and a fresh key lifts no hold."""

import http.server
import json
import os
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from bedrock_upstream import KEY_ID, REGION, SECRET, BedrockUpstream, converse, error
from holdfast import BINARY, Holdfast, eventually
from standin import WHOLE, plain, provider_at, served


class Endpoint:
    """An HTTP endpoint on the loopback that answers as a function says."""

    def __init__(self, choose):
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                asked.append((self.command, self.path, dict(self.headers), body))
                code, text = choose(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                data = text.encode()
                self.send_response(code)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def until(seconds):
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def document(bedrock, number=0, lasts=3600, token_name="Token", **more):
    """A fresh credential, which Bedrock knows from now on."""
    key_id, secret, token = f"ASIAFRESHKEY{number:08}", f"secret-number-{number}", f"IQoJb3JpZ2luTOKEN{number}=="
    bedrock.secrets[key_id] = (secret, token)
    return json.dumps({
        "AccessKeyId": key_id, "SecretAccessKey": secret, token_name: token, "Expiration": until(lasts), **more,
    })  # fmt: skip


@pytest.fixture
def bedrock(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with BedrockUpstream() as bedrock:
        yield bedrock


def provider(bedrock, credentials=None, **more):
    given = {"credentials": credentials} if credentials else {}
    return {"dialect": "bedrock", "region": REGION, "base_url": bedrock.url, **given, **more}


def answers(bedrock, credentials=None):
    """Asks once, and returns the id of the key that signed."""
    model = bedrock.plays(converse("Hi"))
    with Holdfast({"aws": provider(bedrock, credentials)}) as holdfast:
        holdfast.secrets += [secret for secret, _ in bedrock.secrets.values()]
        assert plain(holdfast, "openai", f"aws/{model}") == "Hi"
        holdfast.secrets += [secret for secret, _ in bedrock.secrets.values()]
    assert not bedrock.faults
    return bedrock.signers[-1]


# Each source


def test_the_environment(bedrock, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert answers(bedrock) == KEY_ID
    assert answers(bedrock, "environment") == KEY_ID
    bedrock.secrets["ASIASESSION"] = ("session-secret", "session-token-of-ours")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIASESSION")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "session-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-token-of-ours")
    assert answers(bedrock) == "ASIASESSION"


def test_a_profile_of_the_shared_files(bedrock, tmp_path, monkeypatch):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(
        f"[default]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = x\n"
        f"[work]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n")
    assert answers(bedrock, {"profile": "work"}) == KEY_ID
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert answers(bedrock) == KEY_ID


def test_a_profile_that_others_write_anew(bedrock, tmp_path):
    file = tmp_path / ".aws/credentials"
    file.parent.mkdir()
    file.write_text(f"[work]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n")
    assert answers(bedrock, {"profile": "work"}) == KEY_ID


def test_a_program_that_prints_one(bedrock, tmp_path):
    (tmp_path / "out.json").write_text(document(bedrock, token_name="SessionToken", Version=1))
    script = tmp_path / "my program"
    script.write_text("#!/bin/sh\n[ \"$1\" = 'two words; $HOME' ] && cat \"$2\"\n")
    script.chmod(0o755)
    command = [str(script), "two words; $$HOME", str(tmp_path / "out.json")]
    assert answers(bedrock, {"process": command}) == "ASIAFRESHKEY00000000"
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(
        f"[profile tool]\ncredential_process = '{script}' \"two words; \\$HOME\" {tmp_path}/out.json\n")
    assert answers(bedrock, {"profile": "tool"}) == "ASIAFRESHKEY00000000"


def test_a_container(bedrock, monkeypatch, tmp_path):
    (tmp_path / "token").write_text("the pod's token\n")

    def choose(method, path, headers, body):
        return (200, document(bedrock)) if headers.get("authorization") == "the pod's token" else (401, "")

    with Endpoint(choose) as endpoint:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{endpoint.url}/v1/credentials")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
        assert answers(bedrock) == "ASIAFRESHKEY00000000"
        assert answers(bedrock, "container") == "ASIAFRESHKEY00000000"


def test_an_instance(bedrock, monkeypatch):
    def choose(method, path, headers, body):
        if method == "PUT":
            return 200, "a session"
        if headers.get("x-aws-ec2-metadata-token") != "a session":
            return 401, ""
        return (200, "role-of-mine") if path.endswith("/") else (200, document(bedrock, Code="Success"))

    with Endpoint(choose) as endpoint:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.url)
        assert answers(bedrock, "instance") == "ASIAFRESHKEY00000000"
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        assert answers(bedrock) == "ASIAFRESHKEY00000000"
        assert {method for method, *_ in endpoint.asked} == {"PUT", "GET"}


def test_a_web_identity(bedrock, monkeypatch, tmp_path):
    (tmp_path / "jwt").write_text("header.payload.signature\n")

    def choose(method, path, headers, body):
        form = parse_qs(body)
        assert form["Action"] == ["AssumeRoleWithWebIdentity"] and form["RoleArn"] == ["arn:aws:iam::1:role/r"]
        assert form["WebIdentityToken"] == ["header.payload.signature"]
        fresh = json.loads(document(bedrock))
        inside = "".join(
            f"<{name}>{fresh[key]}</{name}>" for name, key in {
                "AccessKeyId": "AccessKeyId", "SecretAccessKey": "SecretAccessKey", "SessionToken": "Token",
                "Expiration": "Expiration"}.items())  # fmt: skip
        return 200, f"<AssumeRoleWithWebIdentityResponse><Credentials>{inside}</Credentials></AssumeRoleWithWebIdentityResponse>"

    with Endpoint(choose) as endpoint:
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "jwt"))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r")
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint.url)
        assert answers(bedrock) == "ASIAFRESHKEY00000000"
        assert answers(bedrock, "web_identity") == "ASIAFRESHKEY00000000"


# Renewal


@pytest.mark.skipif("HOLDFAST_LONG" not in os.environ, reason="takes a minute: HOLDFAST_LONG=1")
def test_it_is_renewed_before_it_ends_and_no_request_fails(bedrock, monkeypatch):
    """Each key lasts so long that it is renewed at half of its life, in some 30 s at the earliest."""
    numbers = iter(range(100))

    def choose(method, path, headers, body):
        return 200, document(bedrock, next(numbers), lasts=62)

    with Endpoint(choose) as endpoint:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.url)
        model = bedrock.plays(converse("Hi"))
        with Holdfast({"aws": provider(bedrock)}) as holdfast:
            client = holdfast.openai()

            def second_key():
                said = client.chat.completions.create(model=f"aws/{model}", messages=[{"role": "user", "content": "Hi"}])
                assert said.choices[0].message.content == "Hi"
                return "ASIAFRESHKEY00000001" in bedrock.signers

            eventually(second_key, within=120)
            # Also while nobody asks.
            eventually(lambda: len(endpoint.asked) >= 3, within=120)
    assert not bedrock.faults


def test_a_fresh_key_lifts_no_hold(bedrock, spare, tmp_path, monkeypatch):
    """The account was refused a model; the next hour's key is of the same account."""
    numbers = iter(range(100))
    with Endpoint(lambda *_: (200, document(bedrock, next(numbers), lasts=3600))) as endpoint:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.url)
        refused = error(403, "AccessDeniedException", "You don't have access to the model with the specified model ID.")
        model, other = bedrock.plays(refused), spare.plays(served("oa"))
        providers = {"aws": provider(bedrock), "second": provider_at(spare, "oa", "second-host")}
        listed = [{"provider": "aws", "model": model}, {"provider": "second", "model": other}]
        with Holdfast(providers, {"talk": {"candidates": listed}}) as holdfast:
            assert plain(holdfast, "openai") == WHOLE
            [hold] = eventually(lambda: [hold for hold in holdfast.holds if hold["firmness"] == "lasting"])
            before = len(bedrock.requests(model))
            # A process of its own has a key of its own.
            holdfast.stop()
            holdfast.start()
            assert plain(holdfast, "openai") == WHOLE
            assert len(bedrock.requests(model)) == before
            assert len(endpoint.asked) == 2
            assert [each["model"] for each in holdfast.holds] == [hold["model"]]


def test_a_key_that_was_revoked_early_is_replaced(bedrock, spare, monkeypatch):
    """The request that meets it is answered by the next candidate; the probe has the fresh key."""
    numbers = iter(range(100))
    with Endpoint(lambda *_: (200, document(bedrock, next(numbers)))) as endpoint:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.url)
        model, other = bedrock.plays(converse("Hi")), spare.plays(served("oa"))
        providers = {"aws": provider(bedrock), "second": provider_at(spare, "oa", "second-host")}
        listed = [{"provider": "aws", "model": model}, {"provider": "second", "model": other}]
        with Holdfast(providers, {"talk": {"candidates": listed}}) as holdfast:
            assert plain(holdfast, "openai") == "Hi"
            eventually(lambda: plain(holdfast, "openai") == "Hi" and bedrock.requests(model)[1:])
            del bedrock.secrets["ASIAFRESHKEY00000000"]
            eventually(lambda: plain(holdfast, "openai") == WHOLE or bedrock.faults)
            eventually(lambda: plain(holdfast, "openai") == "Hi")
            assert bedrock.signers[-1] != "ASIAFRESHKEY00000000"
            eventually(lambda: not holdfast.holds)


# Sources that fail


def test_the_first_configured_source_that_fails_is_an_error(bedrock, spare, monkeypatch, tmp_path):
    """Behind it a source would work: it is never asked, and the route's next candidate answers."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "gone"))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r")
    model, other = bedrock.plays(converse("Hi")), spare.plays(served("oa"))
    providers = {"aws": provider(bedrock), "second": provider_at(spare, "oa", "second-host")}
    listed = [{"provider": "aws", "model": model}, {"provider": "second", "model": other}]
    with Holdfast(providers, {"talk": {"candidates": listed}}) as holdfast:
        assert plain(holdfast, "openai") == WHOLE
        holdfast.log_has("credential can't be fetched", "gone")
    assert not bedrock.requests(model)


def test_a_source_that_recovers_is_used_again(bedrock, monkeypatch):
    broken = threading.Event()

    def choose(*_):
        return (200, document(bedrock)) if broken.is_set() else (500, "")

    with Endpoint(choose) as endpoint:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.url)
        model = bedrock.plays(converse("Hi"))
        with Holdfast({"aws": provider(bedrock)}) as holdfast:
            client = holdfast.openai()

            def ask():
                try:
                    said = client.chat.completions.create(model=f"aws/{model}", messages=[{"role": "user", "content": "Hi"}])
                    return said.choices[0].message.content
                except Exception as refused:
                    return str(refused)

            # The source and its words are the operator's.
            refused = ask()
            assert "its credential can't be fetched" in refused and "status 500" not in refused
            holdfast.log_has("status 500")
            broken.set()
            assert eventually(lambda: ask() == "Hi")


@pytest.mark.parametrize("settings, words", [
    ("sso_session = corp\nsso_account_id = 1\nsso_role_name = r", "SSO"),
    ("role_arn = arn:aws:iam::1:role/r\nsource_profile = default", "role_arn"),
])  # fmt: skip
def test_a_profile_of_amazons_client_is_refused_with_the_command(bedrock, tmp_path, settings, words):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(f"[profile work]\n{settings}\n")
    with Holdfast({"aws": provider(bedrock, {"profile": "work"})}, waits=False, ends_badly=True) as holdfast:
        assert eventually(lambda: holdfast.process.poll() is not None)
        assert words in holdfast.log
        assert "{process: [aws, configure, export-credentials, --profile, work]}" in holdfast.log


@pytest.mark.parametrize("variable, value", [
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/credentials"),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1.example.com/credentials"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@example.com/credentials"),
])  # fmt: skip
def test_no_credential_comes_in_clear_from_elsewhere(bedrock, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with Holdfast({"aws": provider(bedrock)}, waits=False, ends_badly=True) as holdfast:
        assert eventually(lambda: holdfast.process.poll() is not None)
        assert variable in holdfast.log


def test_no_credential_at_all_is_told_with_what_to_do(bedrock):
    with Holdfast({"aws": provider(bedrock)}, waits=False, ends_badly=True) as holdfast:
        assert eventually(lambda: holdfast.process.poll() is not None)
        assert "no AWS credential is configured" in holdfast.log


def test_a_slow_source_holds_up_its_own_requests_only(bedrock, spare, tmp_path):
    script = tmp_path / "slow"
    script.write_text("#!/bin/sh\nexec sleep 600\n")
    script.chmod(0o755)
    other = spare.plays(served("oa"))
    model = bedrock.plays(converse("Hi"))
    providers = {
        "aws": provider(bedrock, {"process": [str(script)]}), "second": provider_at(spare, "oa", "second-host"),
    }  # fmt: skip
    with Holdfast(providers) as holdfast:
        waiting = threading.Thread(target=lambda: swallow(lambda: plain(holdfast, "openai", f"aws/{model}")), daemon=True)
        waiting.start()
        for _ in range(5):
            assert plain(holdfast, "openai", f"second/{other}") == WHOLE
        assert waiting.is_alive()
    waiting.join(60)


def swallow(work):
    try:
        work()
    except Exception:
        pass


def test_the_settings_alone_tell_nothing_of_a_secret(bedrock, tmp_path):
    """Nor does what the commands print of them."""
    keys = {"access_key_id": KEY_ID, "secret_access_key": SECRET, "session_token": "a-token-of-the-session"}
    with Holdfast({"aws": provider(bedrock, keys)}) as holdfast:
        holdfast.secrets += [SECRET, "a-token-of-the-session"]
        for command in (["status"], ["models", "--json"], ["check"]):
            done = subprocess.run([BINARY, *command, "--config", holdfast.config], capture_output=True, text=True)
            assert SECRET not in done.stdout + done.stderr and "a-token-of" not in done.stdout + done.stderr
        for page in ("/admin/status", "/admin/config"):
            try:
                assert SECRET not in holdfast.admin(page)
            except Exception:
                pass
