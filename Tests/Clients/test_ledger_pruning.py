"""Old entries that are removed, and what still holds then."""

import json
import shutil
import threading
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from holdfast import cli
from public_record import NAME, ask, folder, key, recorded, recording, size, verify
from tlog_scales import backend, signing
from tlog_scales.reader import TilesReader
from tlog_scales.tiles import leaf_hash
from tlog_scales.utils import b64enc
from tlog_scales.writer import TilesWriter


def aged(holdfast, entries, foreign=()):
    """Puts a ledger in place whose entries are a day old, and its last ten of
    now; written by tlog-scales, since nobody turns back a test's clock."""
    key = Ed25519PrivateKey.generate()
    signer = signing.PlainEd25519Signer(NAME, key)
    ledger = folder(holdfast).parent
    shutil.rmtree(ledger.parent)
    writer = TilesWriter.create(ledger / "log", NAME)
    for number in range(entries):
        age = 86_400 - number if number < entries - 10 else 0
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - age))
        entry = {"v": 1, "kind": "test", "at": at, "id": f"aged-{number}"}
        writer.add_leaf(json.dumps(entry, separators=(",", ":")).encode())
    for entry in foreign:
        writer.add_leaf(entry)
    writer.commit([signer])
    (ledger / "private").mkdir(mode=0o700)
    name, number, _ = signer.vkey.serialize().split("+", 2)
    secret = b64enc(b"\x01" + key.private_bytes_raw())
    (ledger / "private/key").write_text(f"PRIVATE+KEY+{name}+{number}+{secret}\n")


def pruned(holdfast, before, *options, check=0):
    return cli("ledger", "prune", "--before", before, *options, config=holdfast.config, check=check)


def test_what_isnt_ours_is_said_to_be_there(upstream):
    with recording(upstream) as holdfast:
        holdfast.stop()
        # No text, a number that is longer than it need be, and names out of order.
        aged(holdfast, 20, foreign=[b"\xff", b"\xa1\x00\x18\x01", b"\xa2\x01\x01\x00\x02"])
        found = cli("ledger", "show", "--json", config=holdfast.config, check=0)
        assert [json.loads(line)["id"] for line in found.stdout.splitlines()] == [f"aged-{n}" for n in range(20)]
        assert "3 entries are none of Holdfast's" in found.stderr, found.stderr


def test_pruning_keeps_the_last_hour(upstream):
    with recording(upstream) as holdfast:
        early = ask(holdfast)
        for _ in range(300):
            ask(holdfast)
        recorded(holdfast, 302)
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
        for before in ["256", "2999-01-01", soon]:
            assert "last hour" in pruned(holdfast, before, check=64).stderr
        for wrong in ["yesterday", "-1", "2026-13-01"]:
            assert cli("ledger", "prune", f"--before={wrong}", config=holdfast.config).returncode == 64
        assert "nothing to prune" in pruned(holdfast, "2020-01-01").stdout
        assert cli("ledger", "prove", early, "-o", "/dev/null", config=holdfast.config).returncode == 0


def test_pruning(upstream, tmp_path):
    """Old entries are removed while a Holdfast writes; later ones can still be proven, both to Holdfast and to
    tlog-scales."""
    with recording(upstream, ends_badly=True) as holdfast:
        holdfast.stop()
        aged(holdfast, 2_000)
        holdfast.start()
        log = key(holdfast)
        request = ask(holdfast)
        recorded(holdfast, 2_002)
        receipt = tmp_path / "old.tlog-proof"
        cli("ledger", "prove", "3", "-o", str(receipt), config=holdfast.config, check=0)
        whole = tmp_path / "whole"
        shutil.copytree(folder(holdfast), whole)

        # Nothing yet.
        yesterday = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 3 * 86_400))
        assert "nothing to prune" in pruned(holdfast, yesterday).stdout
        assert "would begin at entry 1792; 14 files would go" in pruned(holdfast, "1800", "--dry-run").stdout
        assert not (folder(holdfast) / "minimum-index").exists()
        assert "last hour" in pruned(holdfast, "1991", check=64).stderr

        stop = threading.Event()
        caller = threading.Thread(target=lambda: [ask(holdfast) for _ in iter(stop.is_set, True)])
        caller.start()
        try:
            assert "begins at entry 512; 4 files are gone" in pruned(holdfast, "600").stdout
            # The time of the 1,300th.
            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86_400 + 1_300))
            assert "begins at entry 1280; 6 files are gone" in pruned(holdfast, moment).stdout
        finally:
            stop.set()
            caller.join()
        assert holdfast.get("/ledger/minimum-index")[2] == b"1280\n"
        assert holdfast.get("/ledger/tile/entries/004")[0] == 404 and holdfast.get("/ledger/tile/entries/005")[0] == 200

        shown = cli("ledger", "show", "--json", config=holdfast.config, check=0)
        assert json.loads(shown.stdout.splitlines()[0])["index"] == 1280
        assert "entries before 1280 were pruned" in shown.stderr
        for entry in ["3", "1279"]:
            done = cli("ledger", "prove", entry, config=holdfast.config, check=65)
            assert "was pruned: the ledger begins at entry 1280" in done.stderr
        done = cli("ledger", "prove", "aged-3", config=holdfast.config, check=65)
        assert "entries before 1280 were pruned" in done.stderr
        for entry in ["1280", "aged-1999", request]:
            proof = tmp_path / f"{entry}.tlog-proof"
            cli("ledger", "prove", entry, "-o", str(proof), config=holdfast.config, check=0)
            assert verify(proof, log).returncode == 0
        # What was proven before stays so.
        assert verify(receipt, log).returncode == 0

        for target in [folder(holdfast), whole]:
            done = verify(target, log, "--trusted", whole / "checkpoint")
            assert done.returncode == 0, done.stderr
        done = verify(folder(holdfast), log)
        assert "pruned      entries before 1280" in done.stdout
        address = f"{holdfast.url}/ledger"
        done = cli("ledger", "verify", address, "--log", log, config=holdfast.config, check=0)
        assert "pruned      entries before 1280" in done.stdout
        reader = TilesReader(backend.LocalBackend(folder(holdfast)))
        checkpoint = reader.get_checkpoint()
        assert reader.calculate_root_hash() == checkpoint.root_hash
        for index in [1280, 1999, 2001]:
            proof = reader.get_inclusion_proof(index, checkpoint.size)
            proof.check(leaf_hash(reader.get_entry(index)), checkpoint.root_hash)
        # A restart compares it with what is remembered.
        holdfast.restart()
        while size(holdfast) < 2_048:
            ask(holdfast)

        # Broken off in the middle: some files are gone, some are not.
        public = folder(holdfast)
        (public / "minimum-index").write_text("1792\n")
        for path in ["tile/0/005", "tile/entries/006"]:
            (public / path).unlink()
        done = verify(public, log)
        assert done.returncode == 0 and "entries before 1792" in done.stdout, done.stderr
        assert "begins at entry 1792; 2 files are gone" in pruned(holdfast, "0").stdout
        assert verify(public, log).returncode == 0
        # Missing where nothing was pruned is another thing.
        (public / "tile/entries/007").unlink()
        done = verify(public, log)
        assert done.returncode == 1 and "tile/entries/007 is missing" in done.stderr
        assert "is missing" in pruned(holdfast, "1800", check=65).stderr
