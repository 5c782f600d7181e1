"""Drills that count apart, and that an operator can follow and end."""

import json
import os
import pty
import re
import select
import signal
import subprocess

from holdfast import BINARY, cli, eventually
from operating import LEDGER, drill, entries, served_by
from patience import PATIENCE
from standin import WHOLE, pair, plain, served


def begin(holdfast, tmp_path, *options):
    """A drill whose standard error goes to a file."""
    command = [BINARY, "drill", "pull", "talk", *options, "--json", "--config", holdfast.config]
    with (tmp_path / "progress").open("w") as file:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True)


def running(holdfast):
    return [each["id"] for each in json.loads(holdfast.admin("/admin/drills"))["running"]]


def production(holdfast):
    names = ["requests", "attempts", "failed_attempts", "tokens"]
    return {name: holdfast.metric(f"holdfast_{name}_total") for name in names}


def test_a_drills_own_requests_count_apart(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        holdfast = two.holdfast
        assert plain(holdfast, "openai") == WHOLE
        before = production(holdfast)
        assert before["requests"] == before["attempts"] == 1
        report = drill(holdfast)
        made = sum(report["requests"][phase]["total"] for phase in ("warm_up", "pulled", "recovery"))
        assert made > 10
        assert production(holdfast) == before
        assert holdfast.metric("holdfast_request_duration_seconds_count") == 1
        assert holdfast.metric("holdfast_drill_requests_total", route="talk", outcome="served") == made
        assert holdfast.metric("holdfast_drill_attempts_total", provider="second") == len(two.second_calls) > 0
        assert holdfast.metric("holdfast_drill_failed_attempts_total", cause="withdrawn", provider="first") >= 1
        assert holdfast.metric("holdfast_drill_tokens_total") > 0
        assert holdfast.metric("holdfast_drill_request_duration_seconds_count", route="talk") == made
        # Those of callers who meet it do count, and what they met is no provider's failure.
        process = subprocess.Popen(
            [BINARY, "drill", "pull", "talk", "--for", "60s", "--warm-up", "0s", "--config", holdfast.config],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        asked = 1

        def met():
            nonlocal asked
            asked += 1
            return served_by(holdfast) == "second"

        eventually(met)
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
        now = production(holdfast)
        assert now["requests"] == asked and now["failed_attempts"] == 0
        assert holdfast.metric("holdfast_drill_requests_total") == made


def test_renewals_of_a_drill_are_not_on_record(upstream, spare, tmp_path):
    with pair(upstream, spare, served("oa"), served("oa"), top={"ledger": LEDGER}) as two:
        process = begin(two.holdfast, tmp_path, "--load", "5rps", "--for", "60s", "--warm-up", "2s")
        # It is renewed four times a second: in its second phase it has been.
        eventually(lambda: served_by(two.holdfast) == "second")
        cli("drill", "end", config=two.holdfast.config, check=0)
        process.communicate(timeout=PATIENCE)
        eventually(lambda: any(each["kind"] == "drill.ended" for each in entries(two.holdfast)))
        done = [each["action"] for each in entries(two.holdfast, "--kind", "administration")]
        assert done == ["/admin/drills", "/admin/drills/:id/end"]


def test_a_drill_is_ended_from_another_shell(upstream, spare, tmp_path):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        holdfast = two.holdfast
        process = begin(holdfast, tmp_path, "--for", "300s", "--warm-up", "0s")
        eventually(lambda: served_by(holdfast) == "second")
        [id] = running(holdfast)
        for unknown in ["d_0000000000", "../holds", ""]:
            done = cli("drill", "end", unknown, config=holdfast.config)
            assert done.returncode == 64 and "drill list" in done.stderr, done
        assert running(holdfast) == [id]
        said = cli("drill", "end", id, config=holdfast.config, check=0).stdout
        assert id in said and "given back" in said
        out, _ = process.communicate(timeout=PATIENCE)
        assert json.loads(out)["id"] == id and json.loads(out)["end"] == "stopped" and process.returncode != 0
        assert served_by(holdfast) == "first"
        eventually(lambda: not running(holdfast))
        assert "stopped" in cli("drill", "show", id, config=holdfast.config, check=0).stdout
        done = cli("drill", "end", id, config=holdfast.config)
        assert done.returncode == 64 and "over already" in done.stderr
        assert json.loads(cli("drill", "end", "--json", config=holdfast.config, check=0).stdout) == {"ended": []}


def test_a_drill_that_nobody_will_meet_warns_at_once(upstream, spare, tmp_path):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        said = lambda: (tmp_path / "progress").read_text()

        def pulled(*options):
            process = begin(two.holdfast, tmp_path, "--for", "300s", *options)
            eventually(lambda: "Ctrl-C ends it" in said())
            text = said()
            assert running(two.holdfast)
            cli("drill", "end", config=two.holdfast.config, check=0)
            process.communicate(timeout=PATIENCE)
            return text

        first, second = pulled().splitlines()[:2]
        assert first.startswith("warning: talk had no request") and "--load" in first and "Ctrl-C ends it" in second
        assert "warning" not in pulled("--load", "1rps")
        assert plain(two.holdfast, "openai") == WHOLE
        assert "warning" not in pulled(), "it has callers"


def test_ctrl_c_counts_from_the_moment_that_it_is_promised(upstream, spare, tmp_path):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        for _ in range(5):
            process = begin(two.holdfast, tmp_path, "--for", "300s")
            eventually(lambda: "Ctrl-C ends it" in (tmp_path / "progress").read_text(), every=0.001)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE)
            assert process.returncode == 2 and "given back" in (tmp_path / "progress").read_text()
            assert running(two.holdfast) == []


def test_progress_says_how_much_is_left(upstream, spare, tmp_path):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        process = begin(two.holdfast, tmp_path, "--load", "5rps", "--for", "2s", "--warm-up", "2s", "--recovery", "2s")
        process.communicate(timeout=2 * PATIENCE)
        lines = [line for line in (tmp_path / "progress").read_text().splitlines() if "answered whole" in line]
        assert [line.strip().split(":")[0] for line in lines[:3]] == ["warm-up", "pulled", "recovery"], lines
        assert all(re.search(r", \d+ s left", line) for line in lines[:3]), lines
        # On a terminal it is one line that goes on.
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [BINARY, "drill", "pull", "talk", "--for", "60s", "--load", "5rps", "--config", two.holdfast.config],
            stdout=subprocess.DEVNULL, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        said = b""

        def counts():
            nonlocal said
            if select.select([ours], [], [], 0.1)[0]:
                said += os.read(ours, 65536)
            return len(set(re.findall(rb", (\d+) s left", said))) > 1

        eventually(counts)
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
        os.close(ours)
