"""Statements that people sign, by programs that aren't ours: `openssl` and PyPI's
`securesystemslib` verify what Holdfast's commands sign, and make what it
accepts. What was signed for something else is refused, each with its reason."""

import base64
import copy
import hashlib
import json
import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from holdfast import eventually
from securesystemslib.exceptions import VerificationError
from standin import plain, refusal, served
from veto import PREDICATE, REFUSED, TYPE, USAGE, House, Person, pae, signature_of, statement, verified, vetoed


@pytest.fixture
def pulled(upstream, spare, tmp_path):
    """The only candidate is suspended, by alice."""
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        it.house.pull(it.first, by=it.house.alice)
        it.tmp = tmp_path
        yield it


def envelopes(house, kind="statements"):
    return [json.loads(file.read_text()) for file in sorted(house.spool.glob(f"{kind}/*.json"))]


def write_json(path, value):
    path.write_text(json.dumps(value))
    return path


# Ours, verified by others


def test_an_order_and_an_approval_of_ours_hold_elsewhere(pulled, tmp_path):
    pulled.house.approve("S1", pulled.house.bob)
    [order], [approval] = envelopes(pulled.house, "orders"), envelopes(pulled.house)
    for envelope, person, other in [
        (order, pulled.house.alice, pulled.house.bob), (approval, pulled.house.bob, pulled.house.carol),
    ]:  # fmt: skip
        assert envelope["payloadType"] == TYPE
        assert list(verified(envelope, person)) == [person.hint]
        with pytest.raises(VerificationError):
            verified(envelope, other)
        payload, [signature] = base64.b64decode(envelope["payload"]), envelope["signatures"]
        (tmp_path / "pae").write_bytes(pae(payload))
        (tmp_path / "sig").write_bytes(base64.b64decode(signature["sig"]))
        assert person.openssl_verifies(tmp_path / "pae", tmp_path / "sig")
        assert not other.openssl_verifies(tmp_path / "pae", tmp_path / "sig")


def test_what_is_signed_is_about_this_suspension_of_this_installation(pulled):
    pulled.house.approve("S1", pulled.house.bob)
    [approval] = map(statement, envelopes(pulled.house))
    shown = pulled.house.show("S1")
    assert approval["_type"] == "https://in-toto.io/Statement/v1" and approval["predicateType"] == PREDICATE
    assert approval["subject"] == [{"name": "S1", "digest": {"sha256": shown["digest"]}}]
    said = approval["predicate"]
    assert said["decision"] == "restore" and said["number"] == 1 and said["roster"] == 1
    assert said["scopes"] == shown["scopes"] and said["nonce"] and said["installation"]
    assert said["not_after"] > 0


# Others', accepted by ours


@pytest.mark.parametrize("form", ["a statement", "the encoding"])
@pytest.mark.parametrize("curve, digest", [("prime256v1", "sha256"), ("secp384r1", "sha384")])
def test_openssl_signs_offline(upstream, spare, tmp_path, curve, digest, form):
    with vetoed(upstream, spare, served("oa"), None, tmp_path, people=("alice",), init=False) as it:
        house = it.house
        house.dave = Person("dave", house.folder).made_by_openssl(curve)
        house.people.append(house.dave)
        house.init()
        house.pull(it.first, by=house.alice)
        house.write("S1", "restore", statement=tmp_path / "s1.json", pae=tmp_path / "s1.pae")
        assert (tmp_path / "s1.pae").read_bytes() == pae((tmp_path / "s1.json").read_bytes())
        signature = house.dave.openssl_signs(tmp_path / "s1.pae", tmp_path / "s1.sig", digest)
        given = tmp_path / ("s1.json" if form == "a statement" else "s1.pae")
        house.accept(given, "--signature", signature, "--as", "dave")
        assert house.show("S1")["standing"]["approvers"] == ["dave"]
        house.approve("S1", house.alice)
        house.comes_back("S1")


@pytest.mark.parametrize("keyid", ["our hint", "its own", "nobody's"])
def test_securesystemslib_signs_offline(pulled, tmp_path, keyid):
    house = pulled.house
    for person in (house.bob, house.carol):
        house.write("S1", "restore", statement=tmp_path / "s1.json")
        id = {"our hint": person.hint, "its own": person.own_keyid, "nobody's": "f" * 64}[keyid]
        made = person.envelope((tmp_path / "s1.json").read_bytes(), keyid=id)
        house.accept(write_json(tmp_path / f"{person.name}.dsse.json", made))
    house.comes_back("S1")


@pytest.mark.parametrize("way", ["an envelope", "a raw signature"])
def test_an_order_is_signed_offline(upstream, spare, tmp_path, way):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        house, order, encoded = it.house, tmp_path / "order.json", tmp_path / "order.pae"
        words = ["--reason", "security", "--text", "a leak", "--as", "alice", "--yes"]
        house.run("veto", "pull", it.first, *words, "--statement", order, "--pae", encoded)
        assert not list(house.spool.glob("orders/*")), "an order that nobody has signed"
        assert plain(it.holdfast, "openai")
        if way == "an envelope":
            signed = write_json(tmp_path / "order.dsse.json", house.alice.envelope(order.read_bytes()))
            done = house.json("veto", "pull", "--signed", signed, "--yes")
        else:
            signature = house.alice.openssl_signs(encoded, tmp_path / "order.sig")
            done = house.json("veto", "pull", "--statement", order, "--signed", signature, "--as", "alice", "--yes")
        assert done["ids"] == ["S1"]
        assert "S1" in str(refusal(it.holdfast, "openai"))


# Refused


def test_a_replay_is_refused(pulled):
    house = pulled.house
    house.approve("S1", house.bob)
    [old] = house.spool.glob("statements/*.json")
    kept = pulled.tmp / "kept.json"
    kept.write_bytes(old.read_bytes())
    again = house.accept(kept, check=REFUSED)
    assert "already" in again.stderr, again.stderr
    house.approve("S1", house.alice)
    house.comes_back("S1")
    # The same suspension once more: another number, and so another record.
    house.pull(pulled.first, by=house.carol)
    again = house.accept(kept, check=REFUSED)
    assert "S1" in again.stderr
    assert house.show("S2")["standing"]["approvers"] == []
    assert "S2" in str(refusal(pulled.holdfast, "openai"))


def forge(what):
    """Each makes, of a good statement, one that must be refused: the payload that the person signs."""

    def change(said, house):
        predicate, subject = said["predicate"], said["subject"][0]
        if what == "another suspension":
            subject["name"], predicate["number"] = "S2", 2
        elif what == "another record":
            subject["digest"]["sha256"] = "0" * 64
        elif what == "a wider scope":
            predicate["scopes"] = [*predicate["scopes"], "lab:all-of-them"]
        elif what == "a narrower scope":
            predicate["scopes"] = predicate["scopes"][1:]
        elif what == "another installation":
            predicate["installation"] = "0" * 64
        elif what == "another roster":
            predicate["roster"] = 7
        elif what == "too late":
            predicate["not_after"] = 1_700_000_000
        elif what == "for ever":
            predicate["not_after"] = predicate["not_after"] + 86_400 * 365
        elif what == "another decision":
            predicate["decision"] = "free"
        elif what == "another predicate":
            said["predicateType"] = "https://holdfast/custody/v1.0"
        elif what == "more than is known":
            predicate["and_also"] = True
        elif what == "another number":
            predicate["number"] = 12
        return said

    return change


FORGERIES = [
    "another suspension", "another record", "a wider scope", "a narrower scope", "another installation", "another roster",
    "too late", "for ever", "another decision", "another predicate", "more than is known", "another number",
]  # fmt: skip


@pytest.mark.parametrize("what", FORGERIES)
def test_what_was_signed_for_something_else_is_refused(pulled, tmp_path, what):
    house = pulled.house
    house.pull("route:elsewhere", by=house.alice)
    house.write("S1", "restore", statement=tmp_path / "s1.json")
    said = forge(what)(json.loads((tmp_path / "s1.json").read_text()), house)
    made = house.bob.envelope(json.dumps(said, separators=(",", ":")).encode())
    refused = house.accept(write_json(tmp_path / "forged.json", made), check=REFUSED)
    assert len(refused.stderr) > 20 and "holdfast" in refused.stderr, refused.stderr
    assert not list(house.spool.glob("statements/*")), "a statement that is refused was kept"
    for id in ("S1", "S2"):
        assert house.show(id)["standing"]["approvers"] == [] and house.phase(id) == "suspended"


@pytest.mark.parametrize("what", FORGERIES[:8])
def test_the_server_judges_for_itself(pulled, tmp_path, what):
    """A writer into the spool gets no further than the commands do."""
    house = pulled.house
    house.write("S1", "restore", statement=tmp_path / "s1.json")
    for person in (house.bob, house.carol):
        said = forge(what)(json.loads((tmp_path / "s1.json").read_text()), house)
        bytes = json.dumps(person.envelope(json.dumps(said, separators=(",", ":")).encode())).encode()
        (house.spool / "statements").mkdir(exist_ok=True)
        (house.spool / f"statements/{hashlib.sha256(bytes).hexdigest()}.json").write_bytes(bytes)
    # What is pulled afterwards is in force: the server has looked at the spool.
    house.pull("route:elsewhere", by=house.alice)
    eventually(lambda: house.show("S2"))
    assert house.phase("S1") == "suspended" and house.show("S1")["standing"]["approvers"] == []
    assert "S1" in str(refusal(pulled.holdfast, "openai"))


def test_signatures_that_are_none_are_refused(pulled, tmp_path):
    house = pulled.house
    house.write("S1", "restore", statement=tmp_path / "s1.json", pae=tmp_path / "s1.pae")
    payload = (tmp_path / "s1.json").read_bytes()
    good = house.bob.envelope(payload)
    bad = {"a stranger": copy.deepcopy(good), "a changed byte": copy.deepcopy(good), "two of one person": copy.deepcopy(good)}
    stranger = ec.generate_private_key(ec.SECP256R1())
    bad["a stranger"]["signatures"][0]["sig"] = base64.b64encode(signature_of(stranger, payload)).decode()
    bad["a changed byte"]["payload"] = base64.b64encode(payload.replace(b"restore", b"ratify")).decode()
    bad["two of one person"]["signatures"] *= 2
    bad["no signature"] = {**good, "signatures": []}
    bad["another type"] = {**good, "payloadType": "application/json"}
    for name, envelope in bad.items():
        refused = house.accept(write_json(tmp_path / "bad.json", envelope), check=REFUSED)
        assert len(refused.stderr) > 20, name
    refused = house.accept(tmp_path / "s1.json", check=64)
    assert "--signature" in refused.stderr
    # Signed by bob, said to be carol's.
    signature = house.bob.openssl_signs(tmp_path / "s1.pae", tmp_path / "s1.sig")
    refused = house.accept(tmp_path / "s1.json", "--signature", signature, "--as", "carol", check=REFUSED)
    assert "carol" in refused.stderr
    assert house.show("S1")["standing"]["approvers"] == []


@pytest.mark.parametrize("text", [b"", b"{}", b"[" * 5000, b"\xff\xfe", b'{"payload": 1}', b"x" * (1 << 20)], ids=lambda text: repr(text[:8]))
def test_what_is_no_statement_gets_a_word(pulled, tmp_path, text):
    (tmp_path / "none").write_bytes(text)
    refused = pulled.house.accept(tmp_path / "none", check=(64, 65, 66))
    assert refused.stderr.startswith("holdfast: ") and "Fatal" not in refused.stderr


# The roster


def test_a_newcomer_counts_for_later_suspensions_only(pulled, tmp_path):
    house = pulled.house
    house.dave = Person("dave", house.folder).made_by_us()
    next = tmp_path / "roster-2.json"
    house.run("people", "add", f"dave={house.dave.public}", "--out", next)
    for person in (house.alice, house.bob):
        house.run("people", "sign", next, *person.signs)
    # Nobody has shown to hold the new key.
    refused = house.run("people", "accept", next, check=REFUSED)
    assert "dave" in refused.stderr and "people sign" in refused.stderr
    assert house.json("people", "show")["version"] == 1
    house.run("people", "sign", next, *house.dave.signs)
    house.run("people", "accept", next)
    shown = house.json("people", "show")
    assert shown["version"] == 2 and [each["name"] for each in shown["people"]] == ["alice", "bob", "carol", "dave"]
    refused = house.approve("S1", house.dave, check=REFUSED)
    assert "dave" in refused.stderr and "2" in refused.stderr
    house.pull("route:elsewhere", by=house.carol)
    house.approve("S2", house.dave)
    house.approve("S2", house.alice)
    eventually(lambda: house.phase("S2") != "suspended")
    assert house.phase("S1") == "suspended"


def test_a_roster_needs_its_threshold(pulled, tmp_path):
    house = pulled.house
    next = tmp_path / "roster-2.json"
    house.run("people", "remove", "carol", "--out", next)
    house.run("people", "sign", next, *house.alice.signs)
    refused = house.run("people", "accept", next, check=REFUSED)
    assert "1 of 2" in refused.stderr or "2" in refused.stderr
    refused = house.run("people", "sign", next, *house.alice.signs, check=REFUSED)
    assert "alice" in refused.stderr
    assert house.json("people", "show")["version"] == 1
    house.run("people", "sign", next, *house.bob.signs)
    house.run("people", "accept", next)
    assert [each["name"] for each in house.json("people", "show")["people"]] == ["alice", "bob"]
    # Somebody who has left approves nothing any more.
    assert "carol" in house.approve("S1", house.carol, check=REFUSED).stderr


def test_recovery_keys_replace_nothing_at_once_and_anybody_cancels(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path, init=False) as it:
        house = it.house
        sealed = [Person(f"safe-{number}", house.folder).made_by_us() for number in (1, 2, 3)]
        words = [part for each in sealed for part in ("--recovery", each.public)]
        house.init(*words, "--recovery-threshold", "2")
        house.pull(it.first, by=house.alice)
        house.erin = Person("erin", house.folder).made_by_us()
        house.frank = Person("frank", house.folder).made_by_us()
        next = tmp_path / "replacement.json"
        house.run(
            "people", "replace", "--person", f"erin={house.erin.public}", "--person", f"frank={house.frank.public}",
            "--out", next)  # fmt: skip
        house.run("people", "sign", next, "--private-key", sealed[0].private)
        assert house.run("people", "accept", next, check=REFUSED).stderr
        house.run("people", "sign", next, "--private-key", sealed[2].private)
        assert "erin" in house.run("people", "accept", next, check=REFUSED).stderr
        for newcomer in (house.erin, house.frank):
            house.run("people", "sign", next, *newcomer.signs)
        house.run("people", "accept", next)
        shown = house.json("people", "show")
        assert shown["version"] == 1 and shown["replacement"]["version"] == 2, "it counts at once"
        # A recovery key is no person: it restores nothing.
        refused = house.run("veto", "restore", "S1", "--private-key", sealed[0].private, check=REFUSED)
        assert "recovery key" in refused.stderr
        house.run("people", "cancel", *house.carol.signs)
        shown = house.json("people", "show")
        assert shown["version"] == 1 and "replacement" not in shown


def test_the_first_roster_is_signed_with_every_key_of_its_people(upstream, spare, tmp_path):
    """By this program, by openssl and by securesystemslib, each where the key is."""
    with vetoed(upstream, spare, served("oa"), None, tmp_path, init=False) as it:
        house, file, bytes = it.house, tmp_path / "roster-1.json", tmp_path / "roster-1.pae"
        house.dave = Person("dave", house.folder).made_by_openssl("secp384r1")
        house.people.append(house.dave)
        words = [part for each in house.people for part in ("--person", f"{each.name}={each.public}")]
        refused = house.run("people", "init", *words, "--private-key", house.alice.private, check=USAGE)
        assert "bob" in refused.stderr and "--out" in refused.stderr and "alice" not in refused.stderr
        house.run("people", "init", *words, "--out", file)
        said = json.loads(file.read_text())
        assert said["predicate"]["decision"] == "found" and said["predicate"]["roster"] == 0
        assert [each["name"] for each in said["predicate"]["document"]["people"]] == ["alice", "bob", "carol", "dave"]
        made = house.carol.envelope(file.read_bytes())
        write_json(file, made)
        house.run("people", "sign", file, *house.alice.signs)
        house.run("people", "sign", file, "--pae", bytes)
        for person, digest in ((house.bob, "sha256"), (house.dave, "sha384")):
            refused = house.run("people", "accept", file, check=REFUSED)
            assert person.name in refused.stderr
            raw = person.openssl_signs(bytes, tmp_path / f"{person.name}.sig", digest)
            house.run("people", "sign", file, "--signature", raw, "--as", person.name)
        house.run("people", "accept", file)
        shown = house.json("people", "show")
        assert shown["version"] == 1 and len(shown["people"]) == 4
        verified(json.loads((house.spool / "roster/0001.json").read_text()), *house.people, threshold=4)
        # The server has taken it: what its people order is in force.
        house.pull(it.first, by=house.dave)
        assert "S1" in str(refusal(it.holdfast, "openai"))


def test_the_name_of_an_installation_is_that_of_its_ledgers_log(pulled):
    """A Holdfast with another log's key takes orders, and nothing that ends one."""
    house, holdfast = pulled.house, pulled.holdfast
    named = house.json("people", "show")["installation"]
    holdfast.stop()
    # Another ledger, with a key of its own; the database would know of the old one.
    [key] = holdfast.directory.rglob("private/key")
    shutil.rmtree(key.parents[1])
    for file in holdfast.directory.rglob("*.sqlite*"):
        file.unlink()
    holdfast.start()
    refused = house.approve("S1", house.bob, check=REFUSED)
    assert "another installation" in refused.stderr and named in refused.stderr
    assert house.phase("S1") == "suspended"
    house.pull("route:elsewhere", by=house.carol)
    assert eventually(lambda: house.phase("S2") == "suspended")
    holdfast.log_has(named)


def test_init_is_done_once(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        mallory = House(it.holdfast.config, tmp_path / "others", ("mallory", "oscar"), init=False)
        words = [part for each in mallory.people for part in ("--person", f"{each.name}={each.public}")]
        refused = mallory.run("people", "init", *words, check=73)
        assert "people add" in refused.stderr
