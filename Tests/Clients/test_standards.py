"""Standards, each broken for real: what should suspend does, what should return does, and flapping ends with people."""

import json
import os
import shutil
import signal
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import pytest
from conftest import scripted_providers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from holdfast import MODEL_FILE, Holdfast, cli, engine, is_alive
from operating import LEDGER, messages
from patience import PATIENCE, eventually
from public_record import key as log_key
from shapes import openai_answer
from standardwebhooks.webhooks import Webhook
from standin import WHOLE, hear, plain, provider_at, raw, served
from test_availability import SECRET, receiver
from tlog_scales import signing
from upstream import answer, by_request
from veto import House, vetoed

#: The gate, as short as the settings let it be.
VETO = {"half_open": {"percent": 99, "for": "1s"}}
#: Requests that others answer before the gate takes the cut-over for shown.
CUT_OVERS = 20
OPEN = [
    {
        "id": "TEST-2026-1",
        "modified": "2026-01-01T00:00:00Z",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "thing"}, "ranges": [
            {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}
        ]}],
    }
]  # fmt: skip


#: These wait for what takes its time: `make test-long`.
long = pytest.mark.skipif("HOLDFAST_LONG" not in os.environ, reason="takes minutes: HOLDFAST_LONG=1")


class Rules:
    """The file of the standards, replaced in one step."""

    def __init__(self, folder):
        self.path = folder / "standards.yaml"
        self.write([])

    def write(self, standards, documents=None):
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps({"documents": documents or {}, "standards": standards}))
        os.replace(partial, self.path)


def table(holdfast, check=(0, 1)):
    """By standard; each has one subject in these tests."""
    shown = json.loads(cli("standards", "--json", config=holdfast.config, check=check).stdout)
    return {each["id"]: each for each in shown["standards"]}


def verdict(holdfast, id):
    return table(holdfast).get(id, {}).get("verdict")


@contextmanager
def standing(upstream, spare, tmp_path, first=None, second=True, **more):
    """A pair under standards, that people may stop, too."""
    rules = Rules(tmp_path)
    top = {"standards": str(rules.path), "veto": VETO, **more.pop("top", {})}
    stand_by = served("oa") if second else None
    with vetoed(upstream, spare, first or served("oa"), stand_by, tmp_path, top=top, **more) as it:
        it.rules = rules
        yield it


def suspended(it, id):
    return eventually(lambda: it.house.phase(id) == "suspended")


def by_others(it):
    """The stand-in answers as often as the gate wants to see it."""
    for _ in range(CUT_OVERS):
        assert plain(it.holdfast, "openai") == WHOLE


@long
def test_an_advisory_suspends_and_flapping_ends_with_people(upstream, spare, tmp_path):
    feed = tmp_path / "advisories.json"

    def put(entries):
        partial = feed.with_suffix(".partial")
        partial.write_text(json.dumps(entries))
        os.replace(partial, feed)

    put([])
    with standing(upstream, spare, tmp_path) as it:
        it.rules.write([
            {"id": "advisories", "subject": it.first, "check": "advisory", "feed": {"file": str(feed)},
             "packages": ["PyPI/Thing@1.4"], "breach": "suspend", "steady": "1s"}
        ])  # fmt: skip
        eventually(lambda: verdict(it.holdfast, "advisories") == "met")
        for turn in range(1, 4):
            put(OPEN)
            suspended(it, f"S{turn}")
            asked = len(it.two.first_calls)
            by_others(it)
            assert len(it.two.first_calls) == asked
            row = table(it.holdfast, check=1)["advisories"]
            assert row["verdict"] == "breached" and "TEST-2026-1" in row["evidence"]
            assert row["suspension"] == f"S{turn}" and row["returns"] == "by itself"
            put([{**OPEN[0], "withdrawn": "2026-02-01T00:00:00Z"}])
            it.house.comes_back(f"S{turn}")
        # The fourth within a day needs people.
        put(OPEN)
        suspended(it, "S4")
        by_others(it)
        put([])
        it.holdfast.log_has("waits for people")
        assert it.house.phase("S4") == "suspended"
        it.house.approve("S4", it.house.alice)
        it.house.approve("S4", it.house.bob)
        it.house.comes_back("S4")


def test_a_broken_feed_is_unknown_and_never_a_breach(upstream, spare, tmp_path):
    feed = tmp_path / "advisories.json"
    feed.write_text("[{}]")
    with standing(upstream, spare, tmp_path) as it:
        it.rules.write([
            {"id": "advisories", "subject": it.first, "check": "advisory", "feed": {"file": str(feed)}, "breach": "suspend"}
        ])  # fmt: skip
        eventually(lambda: verdict(it.holdfast, "advisories") == "unknown")
        assert table(it.holdfast, check=0)["advisories"].get("suspension") is None
        assert plain(it.holdfast, "openai") == WHOLE and it.two.first_calls


@long
def test_a_document_expires_and_is_renewed(upstream, spare, tmp_path):
    paper = tmp_path / "soc2.pdf"
    paper.write_bytes(b"%PDF-1.7 attested")

    def documents(until):
        return {"soc2": {"kind": "soc-2", "file": str(paper), "until": until.strftime("%Y-%m-%dT%H:%M:%SZ")}}

    now = datetime.now(timezone.utc)
    with standing(upstream, spare, tmp_path) as it:
        rule = [
            {"id": "audited", "subject": it.first, "check": "document", "document": "soc2", "breach": "suspend-new",
             "steady": "1s"}
        ]  # fmt: skip
        it.rules.write(rule, documents(now + timedelta(seconds=30)))
        eventually(lambda: verdict(it.holdfast, "audited") == "met")
        # Its date passes while everything runs.
        suspended(it, "S1")
        assert "ended at" in table(it.holdfast)["audited"]["evidence"]
        by_others(it)
        it.rules.write(rule, documents(now + timedelta(days=365)))
        it.house.comes_back("S1")


def test_a_date_that_a_standard_knows_is_told_beforehand(upstream, spare, tmp_path):
    paper = tmp_path / "soc2.pdf"
    paper.write_bytes(b"%PDF-1.7 attested")
    until = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=9)
    documents = {"soc2": {"kind": "soc-2", "file": str(paper), "until": until.strftime("%Y-%m-%dT%H:%M:%SZ")}}
    with receiver([]) as (port, desk):
        alerts = {"webhooks": {"desk": {"url": f"http://127.0.0.1:{port}/", "secret": SECRET, "on": ["burn"]}}}
        with standing(upstream, spare, tmp_path, top={"alerts": alerts}, notify=["desk"]) as it:
            assert "sunset" not in raw(it.holdfast, "openai").headers
            rule = {"id": "audited", "subject": it.first, "check": "document", "document": "soc2",
                    "breach": "suspend-new", "grace": "1d"}  # fmt: skip
            it.rules.write([rule], documents)
            headers = eventually(lambda: (got := raw(it.holdfast, "openai").headers).get("sunset") and got)
            # The day after the document has ended, announced for thirty days before.
            stops = parsedate_to_datetime(headers["sunset"])
            assert stops == until + timedelta(days=1)
            deprecated = datetime.fromtimestamp(int(headers["deprecation"].removeprefix("@")), timezone.utc)
            assert deprecated == stops - timedelta(days=30)
            successor = f"second/{it.two.second}"
            assert headers["link"] == f'</v1/models/{successor}>; rel="successor-version"'
            assert headers["x-holdfast-served-by"].startswith("first/")
            # In the other dialect, streamed, too.
            fields = hear(it.holdfast, "anthropic").fields
            assert fields["sunset"] == headers["sunset"].lower() and fields["deprecation"] == headers["deprecation"]
            # The route's webhook hears of it once, with the one that stands in.
            [told] = eventually(lambda: messages(desk))
            assert told["type"] == "notice.planned-stop" and told["data"]["standard"] == "audited"
            assert datetime.fromisoformat(told["data"]["stops"]) == stops
            [route] = told["data"]["routes"]
            assert route["effect"] == "stood in for" and route["stand_in"] == successor
            # A warning stops nothing.
            it.rules.write([{**rule, "breach": "warn"}], documents)
            eventually(lambda: "sunset" not in raw(it.holdfast, "openai").headers)
            assert len(messages(desk)) == 1


@long
def test_a_missed_canary_needs_people(upstream, spare, tmp_path):
    words = {"text": "It is Paris."}

    def choose(request):
        if request.headers.get("x-holdfast-probe") == "1":
            return answer(openai_answer(words["text"]))
        return answer(openai_answer(WHOLE))

    with standing(upstream, spare, tmp_path, by_request(choose)) as it:
        it.rules.write([
            {"id": "canary", "subject": it.first, "check": "canary", "prompt": "The capital of France?",
             "expect": "paris", "every": "1m", "breach": "suspend", "steady": "1s"}
        ])  # fmt: skip
        eventually(lambda: verdict(it.holdfast, "canary") == "met")
        words["text"] = "It is London."
        eventually(lambda: it.house.phase("S1") == "suspended", within=3 * PATIENCE)
        by_others(it)
        words["text"] = "It is Paris."
        asked = len(it.two.first_calls)
        # Nothing is asked of it: people are needed.
        assert table(it.holdfast)["canary"]["returns"] == "people"
        it.house.approve("S1", it.house.alice)
        assert it.house.phase("S1") == "suspended" and len(it.two.first_calls) == asked
        it.house.approve("S1", it.house.bob)
        it.house.comes_back("S1")
        questions = [each for each in it.two.first_calls[asked:] if each.headers.get("x-holdfast-gate") == "S1"]
        assert questions and all("Lamp" not in json.dumps(each.json["messages"]) for each in questions)


def test_the_last_candidate_is_spared_unless_it_says_otherwise(upstream, spare, tmp_path):
    with standing(upstream, spare, tmp_path, second=False) as it:
        rule = {"id": "drilled", "subject": it.first, "check": "drill", "breach": "suspend"}
        it.rules.write([rule])
        it.holdfast.log_has("last candidate")
        assert plain(it.holdfast, "openai") == WHOLE
        assert table(it.holdfast)["drilled"].get("suspension") is None
        it.rules.write([{**rule, "even_the_last": True}])
        suspended(it, "S1")


@contextmanager
def hosted(spare, tmp_path, standards, **top):
    """A hosted model of its own bytes, and a stand-in."""
    model = tmp_path / "weights.gguf"
    shutil.copyfile(MODEL_FILE, model)
    rules = Rules(tmp_path)
    name = spare.plays(served("oa"))
    providers = {"here": engine(model_file=str(model)), "there": provider_at(spare, "oa", "there")}
    routes = {"talk": {"candidates": [{"provider": "here", "model": "weights"}, {"provider": "there", "model": name}]}}
    top = {"standards": str(rules.path), "veto": VETO, "ledger": LEDGER, **top}
    with Holdfast(providers, routes, **top) as holdfast:
        holdfast.secrets.append(providers["there"]["api_key"])
        rules.write(standards)
        yield holdfast, House(holdfast.config, tmp_path / "people"), model


def kill_engine(holdfast):
    pid = eventually(lambda: holdfast.engine_pid("here"))
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not is_alive(pid))


def test_weights_that_were_tampered_with_need_people(spare, tmp_path):
    rule = {"id": "weights", "subject": "model:here/weights", "check": "weights", "breach": "suspend", "steady": "1s"}
    with hosted(spare, tmp_path, [rule]) as (holdfast, house, model):
        eventually(lambda: verdict(holdfast, "weights") == "met", within=2 * PATIENCE)
        right = model.read_bytes()
        wrong = bytearray(right)
        wrong[-1] ^= 1
        # An engine that ends is started again from memory: what lies on the disk is read at the next start.
        holdfast.stop()
        model.write_bytes(wrong)
        # It isn't ready before its engine is, and says so for as long as the weights are wrong.
        holdfast.start(ready=False)
        eventually(lambda: house.phase("S1") == "suspended", within=2 * PATIENCE)
        assert "refused" in table(holdfast)["weights"]["evidence"]
        model.write_bytes(right)
        eventually(lambda: verdict(holdfast, "weights") == "met", within=3 * PATIENCE)
        holdfast.log_has("waits for people")
        assert house.phase("S1") == "suspended"
        for _ in range(CUT_OVERS):
            assert plain(holdfast, "openai") == WHOLE
        house.approve("S1", house.alice)
        house.approve("S1", house.bob)
        eventually(lambda: house.phase("S1") == "restored", within=3 * PATIENCE)


@long
def test_an_engine_that_is_killed_ten_times(spare, tmp_path):
    """Once is no breach; too often is one, which returns by itself."""
    rule = {
        "id": "engine", "subject": "hosted", "check": "engine", "restarts": 3, "over": "1m", "grace": "5s",
        "breach": "suspend", "steady": "1s",
    }  # fmt: skip
    with hosted(spare, tmp_path, [rule]) as (holdfast, house, _):
        eventually(lambda: verdict(holdfast, "engine") == "met", within=2 * PATIENCE)
        kill_engine(holdfast)
        eventually(lambda: verdict(holdfast, "engine") == "met", within=2 * PATIENCE)
        assert table(holdfast)["engine"].get("suspension") is None
        for _ in range(9):
            kill_engine(holdfast)
            eventually(lambda: holdfast.engine_pid("here"), within=2 * PATIENCE)
        eventually(lambda: house.phase("S1") == "suspended", within=2 * PATIENCE)
        for _ in range(CUT_OVERS):
            assert plain(holdfast, "openai") == WHOLE
        eventually(lambda: house.phase("S1") == "restored", within=6 * PATIENCE)


# Told in time


def test_those_who_depend_on_it_are_told(upstream, spare, tmp_path):
    with receiver([]) as (desk_port, desk), receiver([]) as (owner_port, owner):
        alerts = {"webhooks": {"desk": {"url": f"http://127.0.0.1:{desk_port}/", "secret": SECRET, "on": ["burn"]}}}
        with standing(upstream, spare, tmp_path, top={"alerts": alerts}, notify=["desk"]) as it:
            made = json.loads(
                cli(
                    "keys", "create", "--name", "owner", "--json", "--notify", f"http://127.0.0.1:{owner_port}/",
                    config=it.holdfast.config, check=0,
                ).stdout
            )  # fmt: skip
            it.holdfast.secrets += [made["key"], made["notify_secret"]]
            eventually(lambda: it.holdfast.get("/v1/models", made["key"])[0] == 200)
            it.house.pull(it.first, text="not for everybody", evidence="ticket-17")
            [told] = eventually(lambda: messages(desk))
            assert told["type"] == "notice.ordered" and told["data"]["suspension"] == "S1"
            [route] = told["data"]["routes"]
            assert route["name"] == "talk" and route["effect"] == "stood in for"
            assert route["stand_in"] == f"second/{it.two.second}" and route["models"] == [f"first/{it.two.first}"]
            headers, body, _ = eventually(lambda: owner)[0]
            lower = {name.lower(): value for name, value in headers.items()}

            Webhook(made["notify_secret"]).verify(body, lower)
            assert json.loads(body)["data"]["routes"][0]["effect"] == "stood in for"
            for text in (body.decode(), json.dumps(told)):
                assert "not for everybody" not in text and "ticket-17" not in text
            by_others(it)
            it.house.approve("S1", it.house.alice)
            it.house.approve("S1", it.house.bob)
            it.house.comes_back("S1")
            kinds = eventually(lambda: "notice.restored" in [each["type"] for each in messages(desk)] and messages(desk))
            assert [each["type"] for each in kinds] == [
                "notice.ordered", "notice.verifying", "notice.half-open", "notice.restored",
            ]  # fmt: skip


def published(holdfast):
    """The note as a stranger reads it: its signature, by the log's public key, and its JSON."""
    code, headers, body = holdfast.get("/status/suspensions.json")
    assert code == 200
    text, _, signatures = body.decode().partition("\n\n")
    vkey = signing.Vkey.from_string(log_key(holdfast))
    note = signing.NoteSignature.from_line(signatures.splitlines()[0])
    assert vkey.match(note)
    Ed25519PublicKey.from_public_bytes(vkey.pubkey).verify(note.payload, f"{text}\n".encode())
    origin, line = text.split("\n")
    told = json.loads(line)
    assert told["origin"] == origin == f"{LEDGER['name']}/suspensions"
    return told


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_suspensions_are_published_as_a_signed_note(upstream, spare, tmp_path):
    with standing(upstream, spare, tmp_path) as it:
        told = published(it.holdfast)
        assert told["number"] == 0 and told["suspensions"] == []
        assert moment(told["valid_until"]) - moment(told["issued"]) == timedelta(minutes=10)
        it.house.pull(it.first, text="not for everybody", evidence="ticket-17")
        it.house.pull("key:k_00000000", text="a person's")
        told = eventually(lambda: published(it.holdfast)["number"] == 2 and published(it.holdfast))
        [one] = told["suspensions"]
        assert one["id"] == "S1" and one["scopes"] == [it.first] and one["phase"] == "suspended"
        text = json.dumps(told)
        for secret in ("not for everybody", "ticket-17", "k_00000000", "alice"):
            assert secret not in text


# The auditor's table


def test_the_table_without_a_server(upstream, spare, tmp_path):
    paper = tmp_path / "iso.pdf"
    with standing(upstream, spare, tmp_path) as it:
        it.rules.write(
            [
                {"id": "iso", "subject": it.first, "check": "document", "document": "iso"},
                {"id": "drilled", "subject": "route:talk", "check": "drill"},
                {"id": "sound", "subject": it.first, "check": "availability", "floor": "95%"},
                {"id": "leaves", "subject": it.first, "check": "retirement"},
            ],
            {"iso": {"kind": "iso-27001", "file": str(paper), "until": "2099-01-31"}},
        )
        eventually(lambda: len(table(it.holdfast)) == 4)
        running = {id: row["verdict"] for id, row in table(it.holdfast).items()}
        it.holdfast.stop()
        paper.write_bytes(b"certified")
        offline = {id: row["verdict"] for id, row in table(it.holdfast, check=1).items()}
        assert running == {"iso": "breached", "drilled": "breached", "sound": "unknown", "leaves": "met"}
        assert offline == {"iso": "met", "drilled": "breached", "sound": "unknown", "leaves": "met"}
        shown = cli("standards", config=it.holdfast.config, check=1).stdout
        assert "STANDARD" in shown and "valid until 2099-01-31" in shown
        it.holdfast.start()


def test_a_broken_edit_keeps_the_old_standards(upstream, tmp_path):
    rules = Rules(tmp_path)
    rules.write([{"id": "a", "subject": "models", "check": "retirement"}])
    providers, routes = scripted_providers(upstream), {}
    with Holdfast(providers, routes, standards=str(rules.path)) as holdfast:
        holdfast.log_has("standards are in force")
        rules.path.write_text("standards: [{id: a}]")
        holdfast.log_has("the old ones stay")
        done = cli("check", str(holdfast.config), check=78)
        assert "standards.yaml:1:" in done.stderr and "needs a check" in done.stderr
