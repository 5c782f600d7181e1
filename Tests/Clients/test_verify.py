"""Tests of the results that an auditor gets: HOLDS, DOES NOT HOLD or COULD NOT LOOK, each with its own exit code;
entries, cosignatures and receipts."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from holdfast import REPO, Holdfast, cli, engine, eventually
from public_record import NAME, VERIFY, ask, folder, key, recorded, recording, verify
from tlog_scales import signing

HOLDS, DOES_NOT_HOLD, COULD_NOT_LOOK, USAGE = 0, 1, 2, 64


@pytest.fixture(scope="module")
def copied(upstream, tmp_path_factory):
    """A copy of a ledger, its key, a proof out of it, and the requests."""
    place = tmp_path_factory.mktemp("ledger")
    with recording(upstream) as holdfast:
        ids = [ask(holdfast) for _ in range(5)]
        recorded(holdfast, 6)
        proof = place / "one.tlog-proof"
        cli("ledger", "prove", ids[2], "-o", str(proof), config=holdfast.config, check=0)
        shutil.copytree(folder(holdfast), place / "copy")
        yield place / "copy", key(holdfast), proof, ids


def run(*words):
    return subprocess.run([VERIFY, *map(str, words)], capture_output=True, text=True, timeout=60)


def other_key(name=NAME):
    return signing.PlainEd25519Signer(name, Ed25519PrivateKey.generate()).vkey.serialize()


def test_a_ledger_that_holds(copied):
    copy, log, proof, ids = copied
    for target in (copy, proof):
        done = verify(target, log)
        assert done.returncode == HOLDS and done.stdout.splitlines()[0] == "HOLDS", done.stdout + done.stderr
        found = json.loads(verify(target, log, "--json").stdout)
        assert found["verdict"] == "HOLDS" and found["ledger"] == NAME and found["entries"] >= 6


def test_entries_are_shown_once_all_holds(copied, tmp_path):
    copy, log, _, ids = copied
    done = verify(copy, log, "--entries")
    assert done.returncode == HOLDS
    lines = done.stdout.splitlines()
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    assert [entry["index"] for entry in entries] == list(range(len(entries)))
    assert [entry["id"] for entry in entries if entry["kind"] == "request.settled"] == ids
    assert lines.index("HOLDS") == 0
    broken = tmp_path / "broken"
    shutil.copytree(copy, broken)
    tile = max((broken / "tile/0/000.p").iterdir())
    tile.write_bytes(bytes(reversed(tile.read_bytes())))
    done = verify(broken, log, "--entries")
    assert done.returncode == DOES_NOT_HOLD and "DOES NOT HOLD" in done.stderr and done.stdout == ""


def test_a_typing_error_is_no_fraud(copied, tmp_path):
    copy, log, proof, _ = copied
    text = tmp_path / "text"
    text.write_text("hello\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    policy = tmp_path / "policy"
    policy.write_text("log nonsense\n")
    cases = [
        [copy.with_name("copi"), "--log", log],
        [empty, "--log", log],
        [text, "--log", log],
        [tmp_path / "no.tlog-proof", "--log", log],
        [copy, "--log", log[:-2]],
        [copy, "--log", log.replace("+", "+0", 1)],
        [copy, "--log", other_key("another.example/log")],
        [copy, "--policy", policy],
        [copy, "--policy", tmp_path / "nowhere"],
        [copy, "--log", log, "--trusted", tmp_path / "nowhere"],
        [copy, "--log", log, "--trusted", text],
        [copy, "--log", log, "--receipt", tmp_path / "nowhere"],
        [copy, "--log", log, "--receipt", text],
        [proof, "--log", other_key("another.example/log")],
    ]
    for words in cases:
        done = run(*words)
        assert done.returncode == COULD_NOT_LOOK, f"{words}: {done}"
        assert "COULD NOT LOOK" in done.stderr and "DOES NOT HOLD" not in done.stdout + done.stderr, done.stderr
        told = json.loads(run(*words, "--json").stdout)
        assert told["verdict"] == "COULD NOT LOOK" and told["reason"]
    for words in ([], [copy], [copy, "--frobnicate"], [copy, "--log"], [copy, copy, "--log", log]):
        done = run(*words)
        assert done.returncode == USAGE and done.stderr.strip(), done


def test_fraud_is_not_a_typing_error(copied, tmp_path):
    copy, log, proof, _ = copied
    # Another key under the log's own name: whoever signed, it wasn't the log.
    done = verify(copy, other_key())
    assert done.returncode == DOES_NOT_HOLD and "not signed by a key" in done.stderr
    changed = tmp_path / "changed.tlog-proof"
    lines = proof.read_text().split("\n")
    at = next(number for number, line in enumerate(lines) if line.startswith("index "))
    lines[at] = f"index {int(lines[at].split()[1]) + 1}"
    changed.write_text("\n".join(lines))
    done = verify(changed, log)
    assert done.returncode == DOES_NOT_HOLD and "not at index" in done.stderr


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000.p", "tile/entries/000.p"])
def test_a_file_that_may_not_be_read_is_no_forgery(copied, name):
    copy, log, _, _ = copied
    # In a place that others can reach, since root reads everything.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        closed = Path(place) / "closed"
        program = Path(place) / "holdfast-verify"
        shutil.copytree(copy, closed)
        shutil.copy(VERIFY, program)
        withheld = closed / name
        for each in [withheld] if withheld.is_file() else withheld.iterdir():
            each.chmod(0)
        nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run([program, closed, "--log", log], capture_output=True, text=True, timeout=60, **nobody)
    assert done.returncode == COULD_NOT_LOOK, done
    assert "COULD NOT LOOK: cannot read" in done.stderr and "Permission denied" in done.stderr, done.stderr


def test_what_a_growing_log_leaves_behind_is_one_line(copied, tmp_path):
    copy, log, _, _ = copied
    grown = tmp_path / "grown"
    shutil.copytree(copy, grown)
    for width in range(100, 150):
        (grown / f"tile/0/000.p/{width}").write_bytes(b"anything")
    (grown / "notes.txt").write_text("not of the log")
    done = verify(grown, log)
    assert done.returncode == HOLDS
    left = [line for line in done.stdout.splitlines() if line.startswith("left over")]
    assert len(left) == 2 and "shorter tiles of earlier checkpoints" in left[0] and "notes.txt" in left[1], left
    assert len(json.loads(verify(grown, log, "--json").stdout)["left_over"]) >= 51


def test_a_damaged_old_checkpoint_is_named(copied, tmp_path):
    copy, log, _, _ = copied
    broken = tmp_path / "broken"
    shutil.copytree(copy, broken)
    kept = min(path for path in (broken / "checkpoints").iterdir() if path.name != "index")
    kept.write_bytes(kept.read_bytes()[:-5])
    done = verify(broken, log)
    assert done.returncode == DOES_NOT_HOLD and f"checkpoints/{kept.name} is damaged" in done.stderr, done


def test_a_receipt_that_is_cut_short_is_no_forgery(copied, tmp_path):
    copy, log, _, _ = copied
    receipt = {"v": 1, "id": "custody_" + "0" * 32, "model": "here/m", "file": {"name": 'a "brace" }', "size": 1}}
    file = tmp_path / "receipt.json"
    whole = json.dumps(receipt, separators=(",", ":"))
    for text in (whole[:-1], whole[:70], whole + "}", whole + whole):
        file.write_text(text)
        done = verify(copy, log, "--receipt", file)
        assert done.returncode == COULD_NOT_LOOK and "is not a whole receipt" in done.stderr, (text, done)
    file.write_text(json.dumps(receipt, indent=2))
    done = verify(copy, log, "--receipt", file)
    assert done.returncode == DOES_NOT_HOLD and "says other things" in done.stderr, done


def test_a_mistyped_path_is_said_to_be_missing(copied, tmp_path):
    _, log, _, _ = copied
    done = cli("ledger", "show", str(tmp_path / "nowhere"), "--log", log, check=66)
    assert f"{tmp_path}/nowhere is not there" in done.stderr


def test_a_proof_is_looked_for_in_the_ledger(copied, tmp_path, upstream):
    copy, log, proof, ids = copied
    done = verify(copy, log, "--receipt", proof)
    assert done.returncode == HOLDS and f"{proof}: on record as entry" in done.stdout
    entries = verify(copy, log, "--entries").stdout.splitlines()
    [index] = [number for number, entry in enumerate(line for line in entries if line.startswith("{")) if ids[2] in entry]
    assert json.loads(verify(copy, log, "--receipt", proof, "--json").stdout)["receipts"][0]["index"] == index
    with recording(upstream) as other:
        ask(other)
        recorded(other, 2)
        ask(other)
        ask(other)
        recorded(other, 4)
        elsewhere = tmp_path / "elsewhere.tlog-proof"
        cli("ledger", "prove", "3", "-o", str(elsewhere), config=other.config, check=0)
    done = verify(copy, log, "--receipt", elsewhere)
    assert done.returncode == DOES_NOT_HOLD and "is not the one" in done.stderr


def test_a_custody_receipt_is_on_record(tmp_path):
    with Holdfast({"here": engine(parallel=1)}, ledger={"name": NAME}) as holdfast:
        receipt = tmp_path / "receipt.json"
        receipt.write_text(cli("weights", "receipt", "here", "--json", config=holdfast.config, check=0).stdout)
        said = json.loads(receipt.read_text())
        log = key(holdfast)
        # The entry is durable before the first answer, and published a second later at most.
        eventually(lambda: f'"receipt":"{said["id"]}"' in verify(folder(holdfast), log, "--entries").stdout, every=0.2)
        copy = tmp_path / "copy"
        shutil.copytree(folder(holdfast), copy)
    done = verify(copy, log, "--receipt", receipt)
    assert done.returncode == HOLDS and f"{receipt}: on record as entry" in done.stdout, done.stderr
    # Laid out anew it says the same.
    receipt.write_text(json.dumps(said, indent=2))
    assert verify(copy, log, "--receipt", receipt).returncode == HOLDS
    # One word more or less is another receipt.
    receipt.write_text(json.dumps({**said, "process": said["process"] + 1}))
    done = verify(copy, log, "--receipt", receipt)
    assert done.returncode == DOES_NOT_HOLD and "other things" in done.stderr
    # By itself it proves nothing.
    done = verify(receipt, log)
    assert done.returncode == COULD_NOT_LOOK and "--receipt" in done.stderr


def test_help_has_the_verdicts():
    done = run("--help")
    assert done.returncode == 0
    for word in ["HOLDS", "DOES NOT HOLD", "COULD NOT LOOK", "--entries", "--receipt", "--json"]:
        assert word in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


# ledger show


def test_show_reads_a_copy_with_a_key(copied, tmp_path):
    copy, log, _, ids = copied
    done = cli("ledger", "show", str(copy), "--log", log, "--json", "--kind", "request.settled", cwd=tmp_path, check=0)
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ids
    done = cli("ledger", "show", str(copy), cwd=tmp_path)
    assert done.returncode == 64 and "--log" in done.stderr
    done = cli("ledger", "show", str(copy.with_name("copi")), "--log", log, cwd=tmp_path)
    assert done.returncode == 66, done


@pytest.mark.parametrize(
    "words, hint",
    [
        (["--since", "yesterday"], "--since"), (["--since", "2026-13"], "--since"), (["--until", "soon"], "--until"),
        (["--since", "2026-02-30"], "--since"), (["--since", "12.6.2026"], "--since"),
        (["--kind", "request.setled"], "request.settled"), (["--cause", "withdrown"], "withdrawn"), (["--kind", ""], "--kind"),
        (["--since", "2026-06", "--until", "2026-05"], "not before"),
    ],
)  # fmt: skip
def test_show_refuses_what_it_cannot_read(copied, words, hint, tmp_path):
    copy, log, _, _ = copied
    done = cli("ledger", "show", str(copy), "--log", log, *words, cwd=tmp_path)
    assert done.returncode == 64 and hint in done.stderr and done.stdout == "", done


def test_show_takes_a_part_of_a_time(copied, tmp_path):
    copy, log, _, ids = copied
    first = json.loads(cli("ledger", "show", str(copy), "--log", log, "--json", cwd=tmp_path, check=0).stdout.splitlines()[0])
    at = first["at"]
    for since in [at[:4], at[:7], at[:10], at[:13], at[:16], at[:19], at]:
        done = cli("ledger", "show", str(copy), "--log", log, "--since", since, cwd=tmp_path, check=0)
        assert len(done.stdout.splitlines()) >= len(ids), since
    done = cli("ledger", "show", str(copy), "--log", log, "--since", "2999", cwd=tmp_path, check=0)
    assert done.stdout == ""
    done = cli("ledger", "show", str(copy), "--log", log, "--until", "1999", cwd=tmp_path, check=0)
    assert done.stdout == ""


def test_show_notices_a_misspelt_route(copied, tmp_path):
    copy, log, _, _ = copied
    done = cli("ledger", "show", str(copy), "--log", log, "--route", "tlak", cwd=tmp_path, check=0)
    assert done.stdout == "" and 'did you mean "talk"' in done.stderr


def test_the_kinds_are_those_of_the_documents(copied, tmp_path):
    copy, log, _, _ = copied
    table = (REPO / "docs/ledger.md").read_text().split("| kind | members |")[1]
    kinds = [word for line in table.splitlines()[2:] if line.startswith("| `") for word in line.split("|")[1].replace("`", "").split(",")]
    assert len(kinds) > 12
    for kind in map(str.strip, kinds):
        cli("ledger", "show", str(copy), "--log", log, "--kind", kind, cwd=tmp_path, check=0)
