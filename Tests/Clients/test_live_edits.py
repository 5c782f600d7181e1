"""Settings that are edited while the server runs."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from conftest import scripted_providers
from holdfast import REPO, Holdfast, cli, engine, eventually, free_ports
from operating import LEDGER, MODEL, board, messages
from plain import get
from shapes import openai_answer
from standin import WHOLE, plain, refusal, served
from test_availability import SECRET, receiver
from test_custody_engines import FOREIGN
from test_reload import serves
from upstream import answer
from wire import Wire


@pytest.fixture(scope="module")
def edited(upstream, spare):
    upstream.plays(served("oa"), model="ed-model")
    candidates = [{"provider": "oa", "model": "ed-model"}]
    with Holdfast(scripted_providers(upstream), {"talk": {"candidates": candidates}}) as holdfast:
        yield holdfast


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True,
    )  # fmt: skip
    return {"cert": str(folder / "cert.pem"), "key": str(folder / "key.pem")}


class Edit:
    """An edit of the settings, and what of the log is of the time since."""

    def __init__(self, holdfast, **changes):
        self.holdfast = holdfast
        self.before = dict(holdfast.settings)
        self.seen = len(holdfast.log)
        holdfast.write_config(**changes)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        seen = len(self.holdfast.log)
        self.holdfast.settings.clear()
        self.holdfast.write_config(**self.before)
        eventually(lambda: "configuration reloaded" in self.holdfast.log[seen:])

    @property
    def waiting(self):
        """The names that the log says wait for the next start. Reloads once
        more, so that all lines of the first time are there."""
        eventually(lambda: "configuration reloaded" in self.log)
        known = self.log.count("configuration reloaded")
        self.holdfast.signal()
        eventually(lambda: self.log.count("configuration reloaded") > known)
        said = re.search(r"these take effect at the next start only changed=(.+)", self.log)
        return said[1].strip('"').split(", ") if said else []

    @property
    def log(self):
        whole, _, _ = self.holdfast.log[self.seen :].rpartition("\n")
        return whole


def edit_to_wait_for(certificate):
    """Edits of keys that take effect at the next start."""
    one, other = free_ports(2)
    return {
        "listen": f"127.0.0.1:{one}", "tls": certificate, "admin": f"127.0.0.1:{other}", "keys": {"file": "other-keys.yaml"},
        "limits": {"body": "1MiB"}, "log": {"format": "json"}, "metrics": {"on": "main"}, "data": {"directory": "elsewhere"},
        "run": {"directory": "run-elsewhere"}, "ledger": LEDGER, "veto": {"unratified": "lapses"},
    }  # fmt: skip


WAITING = ["listen", "tls", "admin", "keys", "limits", "log", "metrics", "data", "run", "ledger", "veto"]
LIVE = ["cors", "hosts", "providers", "routes", "engine", "custody", "supervision", "status_page", "alerts", "standards"]


@pytest.mark.parametrize("key", WAITING)
def test_an_edit_that_waits_for_the_next_start_is_named(edited, certificate, key):
    with Edit(edited, **{key: edit_to_wait_for(certificate)[key]}) as edit:
        assert edit.waiting == [key]
        assert plain(edited, "openai") == WHOLE and edited.get("/ready", port=edited.admin_port)[0] == 200


def test_an_edit_of_cors_is_in_force(edited):
    def allowed():
        fields = {"authorization": f"Bearer {edited.key}", "origin": "https://app.example"}
        return get(f"{edited.url}/v1/models", headers=fields).headers.get("access-control-allow-origin")

    assert allowed() is None
    with Edit(edited, cors={"origins": ["https://app.example"]}) as edit:
        eventually(lambda: allowed() == "https://app.example")
        assert edit.waiting == []


def test_an_edit_of_hosts_is_in_force(upstream):
    with Holdfast(scripted_providers(upstream)) as holdfast:
        holdfast.stop()
        holdfast.write_config(keys="none")
        holdfast.start()

        def greeted():
            with Wire(holdfast) as wire:
                return wire.send(b"GET /v1/models HTTP/1.1\r\nhost: box.lan\r\n\r\n").answer()[0]

        assert greeted() == 403
        with Edit(holdfast, hosts=["box.lan"]) as edit:
            eventually(lambda: greeted() == 200)
            assert edit.waiting == []


def test_an_edit_of_providers_is_in_force(edited, upstream):
    changed = scripted_providers(upstream)
    changed["oa"]["headers"] = {"x-from": "an edit"}
    with Edit(edited, providers=changed) as edit:
        def is_sent():
            plain(edited, "openai")
            return upstream.calls("ed-model")[-1].headers.get("x-from") == "an edit"

        eventually(is_sent)
        assert edit.waiting == []


def test_an_edit_of_routes_is_in_force(edited):
    with Edit(edited, routes={**edited.settings["routes"], "chat": "talk"}) as edit:
        eventually(lambda: serves(edited, "chat"))
        assert edit.waiting == []


def test_an_edit_of_the_status_page_is_in_force(edited):
    with Edit(edited, status_page={"title": "Our edited models"}) as edit:
        eventually(lambda: board(edited)["page"]["name"] == "Our edited models")
        assert edit.waiting == []
    with Edit(edited, status_page="off") as edit:
        eventually(lambda: edited.get("/status.json", edited.key)[0] == 404)
        assert edit.waiting == []


def test_an_edit_of_alerts_is_in_force(edited):
    with receiver([]) as (port, got):
        hooks = {"pager": {"url": f"http://127.0.0.1:{port}/", "secret": SECRET}}
        for instance in ("one", "another"):
            with Edit(edited, alerts={"webhooks": hooks, "instance": instance, "link": f"https://{instance}.example/"}) as edit:
                assert edit.waiting == []
                cli("hold", "oa/ed-model", "--reason", "x", "--yes", config=edited.config, check=0)
                [hold] = edited.holds
                edited.restore(hold)
                told = lambda: [each["data"] for each in messages(got) if each["data"]["instance"] == instance]
                eventually(lambda: len(told()) == 2)
                assert {each["link"] for each in told()} == {f"https://{instance}.example/"}


def foreign(folder, word):
    """A server that answers with this word, as `engine: {command: …}`."""
    file = folder / f"{word}.py"
    file.write_text(FOREIGN.replace("digest = hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest()", f"digest = {word!r}"))
    return {"command": ["python3", str(file), "{model}", "{socket}"]}


@pytest.mark.parametrize("key", ["engine", "custody"])
def test_an_edit_of_what_hosts_models_is_in_force(tmp_path, key):
    providers = {"here": engine(models=[MODEL])}
    routes = {"talk": {"candidates": [{"provider": "here", "model": MODEL}]}}
    with Holdfast(providers, routes, engine=foreign(tmp_path, "before"), limits={"drain": "2s"}) as holdfast:
        assert plain(holdfast, "openai") == "before"
        if key == "engine":
            with Edit(holdfast, engine=foreign(tmp_path, "after")) as edit:
                def said():
                    try:
                        return plain(holdfast, "openai")
                    except Exception as error:
                        return repr(error)

                eventually(lambda: said() == "after", every=0.2)
                assert edit.waiting == []
        else:
            with Edit(holdfast, custody="required") as edit:
                holdfast.log_has("custody is required, and the engine is not shut in")
                assert refusal(holdfast, "openai").status_code >= 500 and edit.waiting == []


def test_an_edit_of_supervision_is_in_force(upstream):
    upstream.plays(answer(openai_answer(WHOLE)), model="scripted-live")
    routes = {"talk": {"candidates": [{"provider": "oa", "model": "scripted-live"}], "supervision": "required"}}
    with Holdfast(scripted_providers(upstream, lab="somebody"), routes) as holdfast:
        assert plain(holdfast, "openai") == WHOLE
        clause = {"id": "no-lamps", "text": "No lamps.", "scope": {"user": "block"}, "literals": ["tell me of the lighthouse"]}
        (holdfast.directory / "ours.yaml").write_text(json.dumps({"name": "ours", "clauses": [clause]}))
        with Edit(holdfast, supervision={"constitution": "ours.yaml"}) as edit:
            assert edit.waiting == []
            assert refusal(holdfast, "openai").code == "blocked_by_policy"
        assert plain(holdfast, "openai") == WHOLE


def test_other_standards_are_judged_at_once(upstream, tmp_path):
    rules = tmp_path / "standards.yaml"
    rules.write_text("standards: [{id: leaves, subject: models, check: retirement}]")
    routes = {"talk": {"candidates": [{"provider": "oa", "model": "scripted-live"}]}}
    with Holdfast(scripted_providers(upstream), routes) as holdfast:
        assert "no standards" in cli("standards", config=holdfast.config, check=0).stdout
        with Edit(holdfast, standards=str(rules)) as edit:
            assert edit.waiting == []
            eventually(lambda: "leaves" in cli("standards", config=holdfast.config, check=0).stdout)


def known_keys(tmp_path):
    file = tmp_path / "unknown.yaml"
    file.write_text("zzzzzzzzzzzz: 1\n")
    said = cli("check", str(file), check=78).stderr
    return re.search(r"known here: (.+)", said)[1].split(", ")


def test_no_key_of_the_settings_is_forgotten_here(tmp_path, certificate):
    assert sorted(known_keys(tmp_path)) == sorted(WAITING + LIVE)
    assert sorted(edit_to_wait_for(certificate)) == sorted(WAITING)
    written = Path(__file__).read_text()
    for key in LIVE:
        assert re.search(rf"^\s+with Edit\(\w+, {key}=", written, re.MULTILINE), key


def test_every_key_of_the_settings_is_documented(tmp_path):
    text = (REPO / "docs/configuration.md").read_text()
    table = text.split("| key | what | default |")[1].split("\n\n")[0]
    keys = {name for row in table.splitlines() for name in re.findall(r"^\| `([a-z_]+)", row)}
    keys |= {heading.lower() for heading in re.findall(r"^## (\w+)$", text, re.MULTILINE)} & {"providers", "routes"}
    assert keys == set(known_keys(tmp_path))
