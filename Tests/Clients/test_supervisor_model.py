"""The supervisor's second model: a process of its own that is killed, hung, restarted under load and asked too much,
and what it sees of a long conversation."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
from holdfast import MODEL_FILE, REPO, Holdfast, cli, engine, is_alive
from patience import PATIENCE, eventually, settled
from standin import provider_at, served

HOUSE = REPO / ".holdfast"
WEIGHTS = HOUSE / "models/minilm-supervisor.gguf"
WORDS = ("account invoice server ticket build branch package sensor order customer flight room report image table index "
         "cache worker session budget parcel recipe meeting patient route green quiet early northern seven").split()


def prose(number, characters):
    """Harmless sentences that no other number has."""
    chance = random.Random(number)
    text = ""
    while len(text) < characters:
        text += "The " + " ".join(chance.choices(WORDS, k=9)) + f" is number {chance.randrange(10**6)}.\n"
    return text[:characters]


@pytest.fixture(scope="session")
def installed():
    """The model, as the command installs and signs it; what is there stays."""
    told = json.loads(cli("supervisor", "install", "--into", str(HOUSE), "--json", check=0).stdout)
    assert told["model_file"] == str(WEIGHTS) and len(told["root"]) == 64
    return told


def supervision(installed, **more):
    # Longer than any wait of a test, so that no load of the machine is a failure.
    return {
        "deadline": "60s",
        "engine": {
            "model_file": installed["model_file"], "lab": "sentence-transformers",
            "signed": {"keys": installed["public_key"], "signature": installed["signature"]},
        },
        **more,
    }


class Supervised(Holdfast):
    def __init__(self, upstream, installed, *, supervision_of=supervision, **more):
        self.model = upstream.plays(served("oa"))
        settings = {key: more.pop(key) for key in ("deadline", "waiting") if key in more}
        super().__init__(
            {"oa": provider_at(upstream, "oa", "some-host", lab="somebody")},
            {"talk": {"candidates": [{"provider": "oa", "model": self.model}], "supervision": "required"}},
            supervision=supervision_of(installed, **settings), log={"format": "json", "level": "debug"}, **more,
        )

    @property
    def scored(self):
        return self.metric("holdfast_supervisor_windows_total", result="scored")

    @property
    def cached(self):
        return self.metric("holdfast_supervisor_windows_total", result="cached")

    @property
    def supervisor(self):
        """The process of the model that runs now."""
        return int(self.engine_lines("engine started")[-1]["pid"])

    def engine_lines(self, message):
        """The log's lines with this message about the model, once there is one."""

        def found():
            lines = [json.loads(line) for line in self.log.rpartition("\n")[0].splitlines() if line.startswith("{")]
            return [line for line in lines if line["message"] == message and line.get("engine") == "supervisor"]

        return eventually(found)

    def ready_supervisor(self):
        eventually(lambda: self.status("are you there?") == 200)
        return self.supervisor

    def status(self, text, key=None):
        try:
            ask = self.openai(key).chat.completions.with_raw_response
            return ask.create(model="talk", messages=[{"role": "user", "content": text}]).status_code
        except openai.APIStatusError as error:
            return error.status_code


@pytest.fixture(scope="module")
def supervised(upstream, installed):
    with Supervised(upstream, installed) as holdfast:
        holdfast.ready_supervisor()
        yield holdfast


# The model and its role


def test_a_second_install_fetches_nothing(installed):
    before = os.stat(WEIGHTS).st_mtime_ns
    done = cli("supervisor", "install", "--into", str(HOUSE), "--json", check=0)
    assert "Fetching" not in done.stderr and os.stat(WEIGHTS).st_mtime_ns == before
    assert json.loads(done.stdout)["root"] == installed["root"]


def test_the_install_repairs_a_file_that_was_changed(installed, tmp_path):
    copy = tmp_path / "models"
    copy.mkdir()
    damaged = bytearray(WEIGHTS.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (copy / WEIGHTS.name).write_bytes(damaged)
    (tmp_path / "venv").symlink_to(HOUSE / "venv")
    cli("supervisor", "install", "--into", str(tmp_path), check=0)
    assert (copy / WEIGHTS.name).read_bytes() == WEIGHTS.read_bytes()


def test_a_signature_holds_for_the_supervisor_alone(installed):
    signed = {"keys": installed["public_key"], "signature": installed["signature"]}
    provider = engine(model_file=installed["model_file"], context=512, embeddings="mean", models=["m"], signed=signed)
    with Holdfast({"vectors": provider}, waits=False) as holdfast:
        holdfast.log_has("the model is signed as supervisor and wanted as primary")


def test_a_primarys_model_is_no_supervisor(upstream, installed, tmp_path):
    """Signed for the role, even: the heads know one model only."""
    copy = tmp_path / "other.gguf"
    shutil.copy(MODEL_FILE, copy)
    key = tmp_path / "signer"
    cli("weights", "key", str(key), check=0)

    def other(role):
        def settings(_, **more):
            options = ["--role", role] if role else []
            cli("weights", "sign", str(copy), "--private-key", f"{key}.key", *options, check=0)
            engine = {"model_file": str(copy), "lab": "elsewhere", "signed": {"keys": f"{key}.pub"}}
            return {"deadline": "60s", "engine": engine, **more}

        return settings

    for role, reason in ((None, "signed as primary and wanted as supervisor"), ("supervisor", "trained on another model file")):
        with Supervised(upstream, installed, supervision_of=other(role), waits=False) as holdfast:
            holdfast.log_has(reason)
            assert holdfast.status("hello") == 503
            assert holdfast.metric("holdfast_supervisor_failures_total", reason="refused") >= 1


def test_what_is_shared_is_refused_before_anything_starts(upstream, installed, tmp_path):
    model = upstream.plays(served("oa"))
    provider = provider_at(upstream, "oa", "some-host", lab="Sentence-Transformers")
    config = tmp_path / "holdfast.yaml"
    config.write_text(json.dumps({
        "providers": {"oa": provider}, "supervision": supervision(installed),
        "routes": {"talk": {"candidates": [{"provider": "oa", "model": model}], "supervision": "required"}},
    }))
    done = cli("check", str(config))
    assert done.returncode == 78 and "both of lab" in done.stdout + done.stderr


def test_it_has_a_process_a_user_and_a_socket_of_its_own(supervised):
    pid = supervised.ready_supervisor()
    assert pid != supervised.process.pid
    with open(f"/proc/{pid}/status") as status:
        user = int(re.search(r"^Uid:\s+(\d+)", status.read(), re.M).group(1))
    if os.geteuid() == 0:
        assert user not in (0, os.geteuid())
    assert (supervised.directory / ".holdfast/run/.judge/supervisor/s/engine.sock").is_socket()
    assert supervised.engine_lines("engine ready")[-1]["receipt"]


# What it sees


def test_a_cold_conversation_is_served_and_turn_two_embeds_what_is_new(supervised):
    """Some 20,000 tokens, as an agent's first request has."""
    tools = [prose(number, 8000) for number in range(10)]
    messages = [{"role": "system", "content": prose(100, 4000)}]
    for number, text in enumerate(tools):
        call = {"id": f"call_{number}", "type": "function", "function": {"name": "read", "arguments": "{}"}}
        messages += [{"role": "user", "content": f"Read file {number}, please."}] if number == 0 else []
        messages += [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": call["id"], "content": text}]

    def ask():
        before = supervised.scored, supervised.cached
        supervised.openai().chat.completions.create(model="talk", messages=messages)
        settled(lambda: supervised.scored)
        return supervised.scored - before[0], supervised.cached - before[1]

    scored, _ = ask()
    assert 1 <= scored <= 17, "at most 16 of the request, and the answer's"
    messages += [{"role": "assistant", "content": "I have read them."}, {"role": "user", "content": "And what is in the last one?"}]
    again, cached = ask()
    assert 1 <= again <= 4, "the new turn, and the answers"
    assert cached >= scored - 1
    repeated, _ = ask()
    assert repeated <= 1, "the same request has nothing new"


def test_nothing_is_shared_between_tenants(supervised):
    text = prose(200, 300)
    one, other = (supervised.make_counting_key(f"of-{name}", "--tenant", name) for name in ("one", "other"))
    for key in (one, other):
        before = supervised.scored
        assert supervised.status(text, key) == 200
        assert supervised.scored > before
    before = supervised.scored
    assert supervised.status(text, one) == 200
    assert supervised.scored - before <= 1, "only the answer's"


# Faults


def test_requests_wait_for_a_supervisor_that_was_killed(supervised):
    pid = supervised.ready_supervisor()
    os.kill(pid, signal.SIGKILL)
    assert supervised.status(prose(300, 300)) == 200
    eventually(lambda: supervised.supervisor != pid)


def test_restarted_under_load_nothing_is_served_unjudged_or_left_unanswered(supervised):
    done, statuses = threading.Event(), []

    def load(number):
        count = 0
        while not done.is_set():
            count += 1
            statuses.append(supervised.status(prose(1000 * number + count, 300)))

    supervised.ready_supervisor()
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(load, number) for number in range(1, 5)]
        for _ in range(2):
            seen = len(statuses)
            os.kill(supervised.supervisor, signal.SIGKILL)
            eventually(lambda: len(statuses) > seen + 8)
            supervised.ready_supervisor()
        done.set()
        for each in running:
            each.result(2 * PATIENCE)
    assert set(statuses) <= {200, 503} and 200 in statuses


def test_an_edit_replaces_the_model_and_one_takes_it_away(upstream, installed):
    with Supervised(upstream, installed) as holdfast:
        pid = holdfast.ready_supervisor()
        edited = supervision(installed)
        edited["engine"]["start_timeout"] = "31s"
        holdfast.write_config(supervision=edited)
        eventually(lambda: holdfast.supervisor != pid)
        assert holdfast.status(prose(700, 300)) == 200
        before = holdfast.scored
        holdfast.write_config(supervision={"deadline": "60s"})
        eventually(lambda: holdfast.log.count("configuration reloaded") == 2)
        assert holdfast.status(prose(701, 300)) == 200
        assert holdfast.scored == before
        eventually(lambda: not is_alive(holdfast.supervisor))


def test_a_supervisor_that_hangs_closes_the_route_and_is_replaced(upstream, installed):
    def within(deadline):
        reloads = holdfast.log.count("configuration reloaded")
        holdfast.write_config(supervision=supervision(installed, deadline=deadline))
        eventually(lambda: holdfast.log.count("configuration reloaded") > reloads)

    with Supervised(upstream, installed) as holdfast:
        pid = holdfast.ready_supervisor()
        os.kill(pid, signal.SIGSTOP)
        # Short only while it hangs: a busy machine may need longer than that for a verdict.
        within("300ms")
        assert [holdfast.status(prose(400 + number, 300)) for number in range(3)] == [503] * 3
        assert holdfast.metric("holdfast_supervisor_failures_total", reason="late") >= 1
        assert holdfast.log_has("runs and doesn't answer")
        within("60s")
        eventually(lambda: holdfast.status(prose(500, 300)) == 200)
        eventually(lambda: holdfast.supervisor != pid)


def take_memory(pid):
    """From now on the kernel gives the process no more memory. Only its own user may limit a process here."""
    with open(f"/proc/{pid}/status") as status:
        user, group = re.findall(r"^[UG]id:\s+(\d+)", status.read(), re.M)
    owner = {"user": int(user), "group": int(group), "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(["prlimit", "--pid", str(pid), "--as=1"], check=True, **owner)


def test_a_supervisor_without_memory_lets_nothing_pass_and_is_replaced(upstream, installed):
    with Supervised(upstream, installed) as holdfast:
        pid = holdfast.ready_supervisor()
        take_memory(pid)
        numbers, statuses = iter(range(800, 10_000)), []

        def asked():
            with ThreadPoolExecutor(4) as pool:
                statuses.extend(pool.map(lambda _: holdfast.status(prose(next(numbers), 6000)), range(4)))
            return not is_alive(pid)

        # Which request it is that there is no memory for, nobody knows.
        eventually(asked)
        assert set(statuses) <= {200, 503}
        eventually(lambda: holdfast.status(prose(10_000, 300)) == 200)
        eventually(lambda: holdfast.supervisor != pid)
        served = lambda line: line["status"] == 200 and line["requested"] == "talk"  # noqa: E731
        lines = holdfast.requests_logged(statuses.count(200) + 1, served)
        assert min(line["supervision"]["request"]["second_stage"] for line in lines) >= 1, "nothing passes that the model hasn't seen"


def test_one_caller_with_large_texts_delays_others_and_refuses_none(supervised):
    greedy, modest = (supervised.make_counting_key(name) for name in ("greedy", "modest"))
    done, greedy_statuses = threading.Event(), []

    def flood(number):
        count = 0
        while not done.is_set():
            count += 1
            greedy_statuses.append(supervised.status(prose(10_000 * number + count, 1 << 20), greedy))

    with ThreadPoolExecutor(6) as pool:
        running = [pool.submit(flood, number) for number in range(1, 7)]
        eventually(lambda: greedy_statuses)
        statuses = [supervised.status(prose(600 + number, 200), modest) for number in range(8)]
        done.set()
        for each in running:
            each.result(4 * PATIENCE)
    assert statuses == [200] * 8
    assert set(greedy_statuses) <= {200, 429}
