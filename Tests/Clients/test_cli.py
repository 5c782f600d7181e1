"""The commands, their output and their exit codes."""

import json
import os

import pytest
from holdfast import Holdfast, cli, eventually


def written(tmp_path, text):
    file = tmp_path / "holdfast.yaml"
    file.write_text(text)
    return str(file)


GOOD = """
listen: 127.0.0.1:8080
providers:
  p: { dialect: openai, base_url: http://127.0.0.1:9/v1, api_key: x }
routes:
  assistant: { candidates: [ { provider: p, model: m } ] }
"""


def test_check_of_a_good_file(tmp_path):
    done = cli("check", written(tmp_path, GOOD), check=0)
    assert "assistant" in done.stdout and done.stderr == ""


@pytest.mark.parametrize(
    "text, place, hint",
    [
        ("listn: 127.0.0.1:1", ":1:1:", "listen"),
        (GOOD.replace("dialect: openai", "dialect: opena"), ":4:", "openai"),
        (GOOD.replace("provider: p,", "provider: q,"), ":6:", "p"),
        (GOOD.replace("base_url:", "baseurl:"), ":4:", "base_url"),
        (GOOD + "listen: 127.0.0.1:2\n", ":7:1:", "listen"),
        ("listen: [\n", ":", ""),
        ("listen: 127.0.0.1:99999", ":1:", "port"),
        ("limits: { body: many }", ":1:", "body"),
        ("providers: { a: &x { dialect: openai } }", ":1:", ""),
        ("providers: !!python/object:os.system {}", ":1:", ""),
        ("listen: 127.0.0.1:1\n---\nlisten: 127.0.0.1:2", ":", ""),
        ("keys: none\nlisten: 0.0.0.0:8080", ":1:", "loopback"),
        ("", "", "empty"),
        ("\t- x", ":1:", ""),
    ],
)
def test_check_of_a_broken_file(tmp_path, text, place, hint):
    done = cli("check", written(tmp_path, text))
    output = done.stdout + done.stderr
    assert done.returncode == 78, output
    assert f"holdfast.yaml{place}" in output and hint in output, output
    assert "Fatal" not in output and "Error Domain" not in output


def test_check_tells_all_problems_at_once(tmp_path):
    text = GOOD.replace("listen:", "listn:").replace("model: m", "modell: m")
    output = cli("check", written(tmp_path, text)).stderr
    assert ":2:" in output and ":6:" in output


def test_check_of_no_file(tmp_path):
    done = cli("check", str(tmp_path / "none.yaml"))
    assert done.returncode == 66 and "none.yaml" in done.stderr


def test_check_warns_of_a_key_that_is_not_set(tmp_path):
    text = GOOD.replace("api_key: x", "api_key: ${HOLDFAST_TESTS_NOT_SET}")
    done = cli("check", written(tmp_path, text), check=0)
    assert "HOLDFAST_TESTS_NOT_SET" in done.stderr + done.stdout
    done = cli("check", written(tmp_path, text), check=0, env={**os.environ, "HOLDFAST_TESTS_NOT_SET": "sk-hush"})
    assert "sk-hush" not in done.stdout + done.stderr and "NOT_SET" not in done.stderr


def test_check_prints_no_secret(tmp_path):
    done = cli("check", written(tmp_path, GOOD.replace("api_key: x", "api_key: [sk-hush]")))
    assert done.returncode == 78 and "sk-hush" not in done.stdout + done.stderr


def test_check_of_the_sample():
    """The sample that `make run` writes first has no errors and no warnings."""
    from holdfast import REPO

    done = cli("check", str(REPO / "Scripts/holdfast.sample.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments, code",
    [
        (["frobnicate"], 64), (["serve", "--frobnicate"], 64), (["keys", "create"], 64), (["keys", "create", "--name", ""], 64),
        (["keys", "create", "--name", "x", "--rpm", "0"], 64), (["keys", "create", "--name", "x", "--expires", "soon"], 64),
        (["keys", "create", "--name", "x", "--expires", "2020-01-01"], 64),
        (["serve", "--config", "no-such-file.yaml"], 66), (["keys", "list", "--config", "no-such-file.yaml"], 66),
        (["models", "--config", "no-such-file.yaml"], 66), (["--help"], 0), (["help", "keys", "create"], 0), (["version"], 0),
        (["--version"], 0),
    ],
)  # fmt: skip
def test_exit_codes(tmp_path, arguments, code):
    done = cli(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    assert (done.stdout if code == 0 else done.stderr).strip()


def test_version_has_the_version_second():
    assert cli("version", check=0).stdout.split()[1] == cli("--version", check=0).stdout.split()[-1]


def test_serve_with_a_broken_file(tmp_path):
    done = cli("serve", config=written(tmp_path, "listn: x"))
    assert done.returncode == 78 and ":1:1:" in done.stderr


@pytest.fixture
def config(tmp_path):
    return written(tmp_path, GOOD)


def listed(config):
    return json.loads(cli("keys", "list", "--json", config=config, check=0).stdout)


def test_keys_are_listed_with_their_scopes_and_without_themselves(config):
    key = cli(
        "keys", "create", "--name", "app", "--routes", "assistant", "--rpm", "7", "--tpm", "900", "--tenant", "t",
        "--residency", "eu,ch", "--expires", "30d", "--quiet", config=config, check=0,
    ).stdout.strip()  # fmt: skip
    admin = cli("keys", "create", "--name", "boss", "--admin", "--quiet", config=config, check=0).stdout.strip()
    table = cli("keys", "list", config=config, check=0).stdout
    assert key not in table and admin not in table
    for word in ("app", "assistant", "7", "900", "boss", "eu"):
        assert word in table
    first, second = listed(config)
    assert first["name"] == "app" and first["routes"] == ["assistant"] and not first["admin"] and second["admin"]


def test_a_key_is_shown_once_with_its_id(config):
    done = cli("keys", "create", "--name", "app", config=config, check=0)
    [entry] = listed(config)
    assert entry["id"] in done.stdout and done.stdout.startswith("hf_")


def test_no_keys_yet(config):
    done = cli("keys", "list", config=config, check=0)
    assert done.stdout.strip() or done.stderr.strip(), "says nothing at all"
    assert listed(config) == []


def test_a_route_that_does_not_exist_yet_is_a_warning(config):
    done = cli("keys", "create", "--name", "app", "--routes", "asistant", "--quiet", config=config, check=0)
    assert 'did you mean "assistant"?' in done.stderr and len(done.stdout.split()) == 1


def test_revoke(config):
    cli("keys", "create", "--name", "app", config=config, check=0)
    cli("keys", "revoke", "app", config=config, check=0)
    assert listed(config)[0]["revoked"]
    for wrong, why in [("app", "already"), ("nobody", "nobody"), ("k_00000000", "k_00000000")]:
        done = cli("keys", "revoke", wrong, config=config)
        assert done.returncode == 64 and why in done.stderr, done


def test_a_revoked_name_can_be_given_again(config):
    for _ in range(2):
        cli("keys", "create", "--name", "app", config=config, check=0)
        cli("keys", "revoke", "app", config=config, check=0)
    assert [entry["name"] for entry in listed(config)] == ["app", "app"]


def test_keys_made_at_once_are_all_kept(config):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: cli("keys", "create", "--name", f"k{n}", config=config, check=0), range(16)))
    assert len(listed(config)) == 16


def test_models_of_a_running_one(scripted):
    done = cli("models", config=scripted.config, check=0)
    for word in ("both", "oa/never-scripted", "configured"):
        assert word in done.stdout
    shown = scripted.models()
    assert {provider["name"]: provider["health"] for provider in shown["providers"]} == {
        "oa": "configured", "an": "configured",
    }  # fmt: skip


def test_models_of_an_engine(hosted):
    [here] = [each for each in hosted.models()["providers"] if each["name"] == "here"]
    assert here["health"] == "ready" and here["restarts"] == 0 and here["models"] == ["smollm2-135m"]


def test_models_where_none_runs(tmp_path, config):
    done = cli("models", config=config)
    assert done.returncode == 78 and "admin:" in done.stderr, "there is no admin listener to ask"
    done = cli("models", config=written(tmp_path, GOOD + "admin: 127.0.0.1:9\n"))
    assert done.returncode == 69 and "holdfast serve" in done.stderr, done


def test_ready_and_health_need_no_key(scripted):
    assert scripted.get("/ready")[0] == 200 and scripted.get("/health")[0] == 200


def test_json_log_lines_are_json():
    with Holdfast({}, log={"format": "json"}) as holdfast:
        holdfast.get("/v1/models", holdfast.key)
        holdfast.openai().models.list()
        eventually(lambda: "listening" in holdfast.log)
    # The config's warnings before the log begins are for people.
    for line in holdfast.lines:
        entry = json.loads(line)
        assert entry["time"] and entry["level"] and entry["message"]
