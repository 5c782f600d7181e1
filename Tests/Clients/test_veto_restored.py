"""Backups put back: what one of spool, database and ledger knows stays suspended; where all three are older, a witness
finds that the ledger went back, and nothing else does."""

import shutil
from contextlib import contextmanager

import pytest
from operating import LEDGER
from patience import eventually
from public_record import key
from standin import WHOLE, plain, refusal, served
from test_witness import Witness
from tlog_scales import tlog
from veto import vetoed

#: Each place of the record, as the files of it below `.holdfast`.
PLACES = {"the spool": ["veto"], "the ledger": ["data/ledger"]}


class Backup:
    """A copy of a stopped server's memory."""

    def __init__(self, holdfast, folder):
        self.home = holdfast.directory / ".holdfast"
        self.copy = folder / "backup"
        shutil.copytree(self.home, self.copy, ignore=shutil.ignore_patterns("run"))

    def put_back(self, places):
        """Replaces these places by what they were."""
        for place in places:
            if place == "the database":
                for file in [*self.home.rglob("*.sqlite*")]:
                    file.unlink()
                for file in self.copy.rglob("*.sqlite*"):
                    shutil.copy2(file, self.home / file.relative_to(self.copy))
                continue
            for name in PLACES[place]:
                shutil.rmtree(self.home / name)
                shutil.copytree(self.copy / name, self.home / name)


@contextmanager
def backed_up(it, tmp_path):
    """A backup of before; inside, a suspension is ordered that one person wants back."""
    plain(it.holdfast, "openai")
    it.holdfast.stop()
    backup = Backup(it.holdfast, tmp_path)
    it.holdfast.start()
    it.house.pull(it.first)
    it.house.approve("S1", it.house.alice)
    assert "S1" in str(refusal(it.holdfast, "openai"))
    it.holdfast.stop()
    yield backup


@pytest.mark.parametrize(
    "places", [["the database"], ["the spool"], ["the database", "the spool"], ["the database", "the ledger"]],
    ids=" and ".join)
def test_an_older_backup_of_a_part_brings_nothing_back(upstream, spare, tmp_path, places):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it, backed_up(it, tmp_path) as backup:
        backup.put_back(places)
        it.holdfast.start()
        assert "S1" in str(refusal(it.holdfast, "openai"))
        shown = it.house.show("S1")
        assert shown["phase"] == "suspended" and shown["standing"]["approvers"] == ["alice"], shown
        # All places have it again, and no number is given twice.
        assert (it.house.spool / "orders/000001.json").exists()
        [next] = it.house.pull("route:talk")["ids"]
        assert int(next[1:]) > 1


def test_an_older_backup_of_everything_is_not_noticed_without_a_witness(upstream, spare, tmp_path):
    """docs/veto.md, "What it can't do", says so."""
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it, backed_up(it, tmp_path) as backup:
        backup.put_back(["the database", "the spool", "the ledger"])
        it.holdfast.start()
        assert plain(it.holdfast, "openai") == WHOLE
        assert it.house.json("veto", "list")["suspensions"] == []


def test_an_older_backup_of_everything_is_found_by_a_witness(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        log = key(it.holdfast)
        witness = Witness(tmp_path / "witness", "witness.example/1", [log]).start()
        try:
            policy = tmp_path / "policy"
            policy.write_text(f"log {log}\nwitness w {witness.vkey} {witness.url}\nquorum w\n")
            it.holdfast.write_config(ledger={**LEDGER, "policy": str(policy)})
            it.holdfast.restart()

            def checkpoint():
                return tlog.Checkpoint.from_text(it.holdfast.get("/ledger/checkpoint")[2].decode())

            def is_witnessed(size):
                now = checkpoint()
                return now.size >= size and witness.name in {each.name for each in now.signatures}

            eventually(lambda: is_witnessed(1))
            with backed_up(it, tmp_path) as backup:
                # The witness has signed a ledger with the suspension in it.
                it.holdfast.start()
                known = checkpoint().size
                eventually(lambda: is_witnessed(known))
                it.holdfast.stop()
                backup.put_back(["the database", "the spool", "the ledger"])
                it.holdfast.start()
                # The server itself can't know; the witness does, signs no more, and the server says so.
                it.holdfast.log_has("it has cosigned")
                assert plain(it.holdfast, "openai") == WHOLE
                assert witness.name not in {each.name for each in checkpoint().signatures}
        finally:
            witness.kill()
