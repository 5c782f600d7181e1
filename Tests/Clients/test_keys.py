"""Keys: made, scoped, limited, revoked, while it runs."""

import json
import socket

import anthropic
import openai
import pytest
from conftest import scripted_providers
from holdfast import PROMPT, Holdfast, cli, eventually
from patience import PATIENCE
from shapes import anthropic_answer, openai_answer
from upstream import answer

TALK = [{"role": "user", "content": PROMPT}]


def status_of(holdfast, key):
    return holdfast.get("/v1/models", key)[0]


# Within a second, says the README: FileWatchTests counts the looks at the file which that takes.


def test_a_new_key_counts_while_it_runs(scripted):
    key = scripted.make_key("new")
    eventually(lambda: status_of(scripted, key) == 200)


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_revoked_key_stops_while_it_runs(scripted, by):
    key = scripted.make_key(f"short-lived-{by}")
    eventually(lambda: status_of(scripted, key) == 200)
    listed = json.loads(cli("keys", "list", "--json", config=scripted.config, check=0).stdout)
    [entry] = [each for each in listed if each["name"] == f"short-lived-{by}"]
    cli("keys", "revoke", entry[by], config=scripted.config, check=0)
    eventually(lambda: status_of(scripted, key) == 401)


def test_the_key_file_holds_no_key(scripted):
    text = (scripted.directory / "keys.yaml").read_text()
    for secret in scripted.secrets:
        assert secret not in text
    mode = (scripted.directory / "keys.yaml").stat().st_mode & 0o777
    assert mode == 0o600, f"{mode:o}"


def test_keys_differ_and_look_like_keys(scripted):
    keys = {scripted.make_key(f"look-{number}") for number in range(3)}
    assert len(keys) == 3 and all(key.startswith("hf_") and len(key) >= 40 for key in keys)


def test_a_name_is_taken_once(scripted):
    scripted.make_key("once")
    done = cli("keys", "create", "--name", "once", config=scripted.config)
    assert done.returncode not in (0, 1) and "once" in done.stderr


def test_either_field_at_either_door(scripted, upstream):
    """x-api-key and Authorization: Bearer, at OpenAI's door and Anthropic's."""
    oa, an = upstream.plays(answer(openai_answer())), upstream.plays(answer(anthropic_answer()))
    plain = openai.OpenAI(
        base_url=f"{scripted.url}/v1", api_key="unused", max_retries=0, default_headers={"x-api-key": scripted.key}
    )
    plain.chat.completions.create(model=f"oa/{oa}", messages=TALK)
    scripted.openai().chat.completions.create(model=f"oa/{oa}", messages=TALK)
    bearer = anthropic.Anthropic(base_url=scripted.url, auth_token=scripted.key, api_key=None, max_retries=0)
    bearer.messages.create(model=f"an/{an}", messages=TALK, max_tokens=9)
    scripted.anthropic().messages.create(model=f"an/{an}", messages=TALK, max_tokens=9)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_spelling_of_the_scheme(scripted, scheme):
    import urllib.request

    request = urllib.request.Request(scripted.url + "/v1/models", headers={"authorization": f"{scheme} {scripted.key}"})
    assert urllib.request.urlopen(request, timeout=PATIENCE).status == 200


def test_a_scoped_key_sees_and_uses_its_routes_only(scripted, upstream):
    key = scripted.make_key("scoped", "--routes", "both")
    eventually(lambda: status_of(scripted, key) == 200)
    client = scripted.openai(key)
    assert [model.id for model in client.models.list()] == ["both"]
    upstream.plays(answer(openai_answer()), model="never-scripted")
    assert client.chat.completions.create(model="both", messages=TALK).choices
    for name in ("oa/never-scripted", "an/x"):
        with pytest.raises(openai.PermissionDeniedError):
            client.chat.completions.create(model=name, messages=TALK)


def test_an_admin_key_and_an_applications_key_are_not_each_other(scripted):
    admin = scripted.make_key("boss", "--admin")
    eventually(lambda: scripted.get("/metrics", admin, scripted.admin_port)[0] == 200)
    assert scripted.get("/metrics", scripted.key, scripted.admin_port)[0] in (401, 403)
    assert scripted.get("/metrics", None, scripted.admin_port)[0] == 401
    assert scripted.get("/metrics", scripted.key)[0] == 404
    for path in ("/health", "/ready"):
        assert scripted.get(path, None, scripted.admin_port)[0] == 200


def test_metrics_tell_requests_tokens_and_times(scripted, upstream):
    admin = scripted.make_key("scraper", "--admin")
    eventually(lambda: scripted.get("/metrics", admin, scripted.admin_port)[0] == 200)
    upstream.plays(answer(openai_answer()), model="never-scripted")
    scripted.openai().chat.completions.create(model="both", messages=TALK)
    text = scripted.get("/metrics", admin, scripted.admin_port)[2].decode()
    [*lines] = [line for line in text.splitlines() if 'route="both"' in line]
    assert any("tokens" in line for line in lines) and any("_bucket" in line for line in lines), text
    assert scripted.key not in text and PROMPT not in text


def test_keys_can_be_switched_off_on_loopback(upstream):
    from conftest import scripted_providers
    from holdfast import Holdfast

    holdfast = Holdfast(scripted_providers(upstream), keys="none")
    holdfast.make_key = lambda *_: "anything"
    with holdfast:
        model = upstream.plays(answer(openai_answer()))
        assert holdfast.openai("anything").chat.completions.create(model=f"oa/{model}", messages=TALK).choices
        assert holdfast.get("/v1/models")[0] == 200
    holdfast = Holdfast({}, keys="none", listen="0.0.0.0:8080")
    holdfast.write_config()
    done = cli("check", str(holdfast.config))
    assert done.returncode == 78 and "loopback" in done.stdout + done.stderr


def test_parallel_requests_keep_a_token_limit(scripted, upstream):
    """Fifty at once under a limit that two of them may use up."""
    from concurrent.futures import ThreadPoolExecutor

    model = upstream.plays(answer(openai_answer(), delay=1))
    key = scripted.make_counting_key("parallel", "--tpm", "10000")
    client = scripted.openai(key)

    def ask(_):
        try:
            return client.chat.completions.create(model=f"oa/{model}", messages=TALK).usage.total_tokens
        except openai.RateLimitError as error:
            assert int(error.response.headers["retry-after"]) >= 1
            return 0

    with ThreadPoolExecutor(50) as pool:
        used = list(pool.map(ask, range(50)))
    # One after the other, each may take 4,096 and its prompt; what wasn't used comes back.
    assert 2 <= sum(each > 0 for each in used) < 10, used
    assert sum(used) <= 10_000 + 2 * max(used)


def test_no_old_version_of_tls_is_spoken(tmp_path, upstream):
    import ssl
    import subprocess

    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True,
    )  # fmt: skip

    def spoken(port, version):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", port)) as connection:
            try:
                return context.wrap_socket(connection).version()
            except ssl.SSLError:
                return None

    class Secured(Holdfast):
        def wait_ready(self, within=2 * PATIENCE):
            def is_ready():
                try:
                    return self.get("/ready", port=self.admin_port)[0] == 200
                except OSError:
                    return False

            eventually(is_ready, within)

    files = {"cert": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}
    with Secured(scripted_providers(upstream), tls=files) as holdfast:
        versions = {each: spoken(holdfast.port, each) for each in ssl.TLSVersion if each.name.startswith("TLSv1")}
        assert [version for version in versions.values() if version] == ["TLSv1.2", "TLSv1.3"]
    with Secured(scripted_providers(upstream), tls={**files, "minimum": "1.3"}) as holdfast:
        versions = {each: spoken(holdfast.port, each) for each in ssl.TLSVersion if each.name.startswith("TLSv1")}
        assert [version for version in versions.values() if version] == ["TLSv1.3"]
