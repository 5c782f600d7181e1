"""The server is killed at any instant of a pull, an approval and a return:
what a command has said stays so, and nothing comes back by fewer than two."""

import os
import random
import subprocess

from holdfast import BINARY, cli
from patience import PATIENCE
from standin import plain, raw, refusal, served
from veto import vetoed

KILLS = int(os.environ.get("HOLDFAST_KILLS", "3"))


def start(house, *words):
    """A command that may meet a server which is killed meanwhile."""
    command = [BINARY, *map(str, words), "--config", str(house.config)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kill_while(holdfast, process, chance):
    """At a random instant of the command, which no condition may choose; returns its exit code."""
    try:
        process.wait(chance.uniform(0, 0.15))
    except subprocess.TimeoutExpired:
        pass
    holdfast.process.kill()
    holdfast.process.wait()
    process.communicate(timeout=2 * PATIENCE)
    holdfast.start()
    return process.returncode


def test_killed_at_any_instant_of_a_pull_and_of_its_return(upstream, spare, tmp_path):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    with vetoed(upstream, spare, served("oa"), None, tmp_path, top={"log": {"level": "info"}}) as it:
        it.holdfast.ends_badly = True
        house, standing = it.house, 0
        for round in range(KILLS):
            words = ["--reason", "security", "--text", "a test", "--yes", *chance.choice(house.people).signs]
            code = kill_while(it.holdfast, start(house, "veto", "pull", "route:talk", *words), chance)
            shown = house.json("veto", "list")["suspensions"]
            orders = len(list(house.spool.glob("orders/*.json")))
            assert len(shown) == orders, f"seed {seed}, round {round}: {orders} orders, {len(shown)} suspensions"
            assert len(shown) >= standing + (code == 0), f"seed {seed}, round {round}: a pull that was told is gone"
            standing = len(shown)
            if not standing:
                continue
            assert "S" in str(refusal(it.holdfast, "openai"))

            # One person's approval, however often it is begun, brings nothing back.
            id, person = shown[0]["id"], house.people[round % 3]
            code = kill_while(it.holdfast, start(house, "veto", "restore", id, *person.signs), chance)
            shown = house.show(id)
            assert shown["phase"] == "suspended", f"seed {seed}, round {round}: {shown}"
            assert shown["standing"]["approvers"] in ([[person.name]] if code == 0 else [[], [person.name]])
            assert "S" in str(refusal(it.holdfast, "openai"))

        # All of them come back by two, and are killed on their way, too, those at the gate again and again.
        suspensions = house.json("veto", "list")["suspensions"]
        for each in suspensions:
            for person in house.people:
                if len(house.show(each["id"])["standing"]["approvers"]) < 2 and house.phase(each["id"]) == "suspended":
                    cli("veto", "restore", each["id"], *person.signs, config=house.config)
            it.holdfast.process.kill()
            it.holdfast.process.wait()
            it.holdfast.start()
        for each in suspensions:
            house.comes_back(each["id"])
        assert raw(it.holdfast, "openai").headers["x-holdfast-served-by"].startswith("first/")
        assert plain(it.holdfast, "openai")
