"""Starting, stopping, and dying."""

import os
import signal
import socket
import subprocess
import threading
import time

import openai
import pytest
from conftest import scripted_providers
from holdfast import BINARY, PROMPT, Holdfast, engine, eventually, free_ports, is_alive
from patience import PATIENCE
from shapes import TEXT, openai_answer, openai_stream
from test_reload import Running
from upstream import answer, gated, silence, sse

TALK = [{"role": "user", "content": PROMPT}]


@pytest.fixture
def holdfast(upstream):
    """A Holdfast that would wait for what is under way longer than any test."""
    with Holdfast(scripted_providers(upstream), limits={"drain": "10m"}) as holdfast:
        yield holdfast


def serve(config):
    """Another `holdfast serve`, which is expected to end by itself."""
    return subprocess.run([BINARY, "serve", "--config", config], capture_output=True, text=True, timeout=PATIENCE)


def ask(holdfast, upstream):
    model = upstream.plays(answer(openai_answer()))
    return holdfast.openai().chat.completions.create(model=f"oa/{model}", messages=TALK).choices


def is_refused(holdfast):
    """Returns whether the server takes no new connections."""
    try:
        socket.create_connection(("127.0.0.1", holdfast.port), PATIENCE).close()
    except ConnectionRefusedError:
        return True
    return False


def test_terminated_while_idle(holdfast, upstream):
    """Also with connections that clients keep alive."""
    ask(holdfast, upstream)
    idle = socket.create_connection(("127.0.0.1", holdfast.port))
    holdfast.stop()
    idle.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_terminated_in_mid_stream(holdfast, upstream, number):
    """The stream finishes, new connections are refused, exit code 0."""
    running = Running(holdfast, upstream)
    holdfast.signal(number)

    eventually(lambda: is_refused(holdfast))
    assert running.thread.is_alive(), "the stream was over before: this shows nothing"
    running.finish()
    holdfast.stop()


def test_a_stream_longer_than_the_drain_time_is_cut_with_an_error(upstream):
    with Holdfast(scripted_providers(upstream), limits={"drain": "5s"}) as holdfast:
        model = upstream.plays(sse(openai_stream(TEXT * 3)[:4], ends=False))
        stream = holdfast.openai().chat.completions.create(model=f"oa/{model}", messages=TALK, stream=True)
        next(iter(stream))
        began = time.monotonic()
        holdfast.signal(signal.SIGTERM)
        with pytest.raises(Exception) as caught:
            chunks = list(stream)
            assert any(c.choices and c.choices[0].finish_reason for c in chunks), "ended without an end"
        assert not isinstance(caught.value, openai.NotFoundError)
        # Nothing else would ever have ended it.
        holdfast.stop()
        assert time.monotonic() - began > 4
        assert upstream.request(model).gone()


def test_the_log_says_that_draining_cut_a_stream(upstream):
    with Holdfast(scripted_providers(upstream), limits={"drain": "500ms"}) as holdfast:
        model = upstream.plays(sse(openai_stream(TEXT * 3)[:4], ends=False))
        stream = holdfast.openai().chat.completions.create(model=f"oa/{model}", messages=TALK, stream=True)
        next(iter(stream))
        holdfast.stop()
        assert "caller_gone" not in holdfast.log and "drain" in holdfast.log


def test_every_request_id_that_a_caller_can_quote_is_in_the_log(holdfast, upstream):
    ask(holdfast, upstream)
    missing = []
    for key, path in [(None, "/v1/models"), ("hf_bad", "/v1/models"), (holdfast.key, "/v1/nothing")]:
        status, fields, _ = holdfast.get(path, key)
        if not holdfast.log_has(fields["x-request-id"]):
            missing.append(status)
    assert missing == []


def test_a_request_that_waits_is_answered_while_draining(holdfast, upstream):
    gate = threading.Event()
    model = upstream.plays(gated(gate, answer(openai_answer())))
    done = []

    def wait():
        done.append(holdfast.openai().chat.completions.create(model=f"oa/{model}", messages=TALK))

    thread = threading.Thread(target=wait)
    thread.start()
    upstream.request(model)
    holdfast.signal(signal.SIGTERM)
    eventually(lambda: is_refused(holdfast))
    gate.set()
    holdfast.stop()
    thread.join()
    assert done[0].choices[0].message.content == TEXT


def test_a_second_one_with_the_same_configuration(holdfast, upstream):
    done = serve(holdfast.config)
    assert done.returncode not in (0, 1) and done.returncode > 0
    assert f"another Holdfast (process {holdfast.process.pid})" in done.stderr, done
    assert ask(holdfast, upstream), "the first one was harmed"
    assert holdfast.models()["providers"]


@pytest.mark.parametrize("which", ["listen", "admin"])
def test_port_taken(which):
    [port] = free_ports(1)
    with socket.create_server(("127.0.0.1", port)):
        other = Holdfast({}, **{which: f"127.0.0.1:{port}"})
        other.write_config()
        other.make_key("x")
        done = serve(other.config)
    assert done.returncode == 69, done
    assert str(port) in done.stderr + done.stdout and "in use" in done.stderr + done.stdout
    assert "Fatal error" not in done.stderr


def test_it_starts_again_after_kill(upstream):
    """The lock and the sockets that a killed process leaves behind don't prevent the next start."""
    with Holdfast(scripted_providers(upstream), ends_badly=True) as holdfast:
        holdfast.process.kill()
        holdfast.process.wait()
        holdfast.start()
        assert ask(holdfast, upstream)


def test_a_path_too_long_for_a_socket(upstream):
    with Holdfast(scripted_providers(upstream)) as holdfast:
        holdfast.stop()
        deep = holdfast.directory / ("d" * 60) / ("e" * 60)
        deep.mkdir(parents=True)
        holdfast.settings["keys"] = {"file": str(holdfast.directory / "keys.yaml")}
        holdfast.config = deep / "holdfast.yaml"
        holdfast.write_config()
        holdfast.start()
        assert ask(holdfast, upstream) and holdfast.models()


def test_it_starts_without_a_key_file_and_without_providers():
    holdfast = Holdfast({})
    holdfast.make_key = lambda *_: "none"
    with holdfast:
        assert holdfast.get("/v1/models")[0] == 401
        del holdfast.make_key
        key = holdfast.make_key("first-ever")
        eventually(lambda: holdfast.get("/v1/models", key)[0] == 200)


# With a real engine


@pytest.fixture(scope="module")
def mortal():
    with Holdfast(
        {"here": engine(parallel=1, context=512)},
        {"assistant": {"candidates": [{"provider": "here", "model": "smollm2-135m"}]}},
        ends_badly=True,
    ) as holdfast:
        yield holdfast


def talk(holdfast, key=None, **fields):
    fields = {"model": "assistant", "messages": TALK, "max_tokens": 2, **fields}
    return holdfast.openai(key).chat.completions.create(**fields)


def test_the_engine_listens_on_no_port_and_has_no_environment(mortal):
    pid = mortal.engine_pid("here")
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            assert file.read().strip(b"\0") == b""
    except PermissionError:
        assert os.geteuid() != 0, "root may look"
        pytest.skip("the engine hides from who has the same user")
    sockets = set()
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            sockets.add(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
        except OSError:
            pass
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}") as file:
            for line in list(file)[1:]:
                assert f"socket:[{line.split()[9]}]" not in sockets, "the engine listens on TCP"


def test_a_killed_engine_is_started_again_and_the_waiting_request_served(mortal):
    talk(mortal)
    pid = mortal.engine_pid("here")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not is_alive(pid))
    assert talk(mortal).choices
    assert mortal.engine_pid("here") != pid


def test_a_stream_whose_engine_is_killed_ends_with_an_error(mortal):
    key = mortal.make_counting_key("endless", "--logit-bias")
    stream = talk(mortal, key, max_tokens=400, stream=True, logit_bias={"2": -100})
    next(iter(stream))
    os.kill(mortal.engine_pid("here"), signal.SIGKILL)
    with pytest.raises(openai.APIError) as caught:
        for chunk in stream:
            assert not (chunk.choices and chunk.choices[0].finish_reason), "a success"
    assert "broke off" in str(caught.value)
    # The second death in a row: requests are sent away until the next start,
    # with the time when it will be worth to come again.
    with pytest.raises(openai.InternalServerError) as refused:
        talk(mortal)
    assert refused.value.status_code == 503 and "signal 9" in str(refused.value)
    assert int(refused.value.response.headers["retry-after"]) >= 1
    patient = mortal.openai(max_retries=5)
    assert patient.chat.completions.create(model="assistant", messages=TALK, max_tokens=2).choices


def test_ready_tells_that_the_engine_is_not(mortal):
    os.kill(mortal.engine_pid("here"), signal.SIGKILL)

    def is_unready():
        status, _, body = mortal.get("/ready")
        return status == 503 and b"here" in body

    eventually(is_unready, every=0.01)
    mortal.wait_ready()


def test_a_killed_holdfast_takes_its_engine_along(mortal):
    """The last of these: `mortal` is dead after it."""
    mortal.wait_ready()
    pid = mortal.engine_pid("here")
    assert is_alive(pid)
    mortal.process.kill()
    mortal.process.wait()
    eventually(lambda: not is_alive(pid))


def test_a_model_file_that_is_none(upstream):
    """The engine never comes up; everything else serves."""
    providers = scripted_providers(upstream)
    with Holdfast(providers) as holdfast:
        broken = holdfast.directory / "broken.gguf"
        broken.write_bytes(b"no model" * 100)
        holdfast.write_config(
            providers={**providers, "here": {**engine(), "model_file": str(broken), "start_timeout": "3s"}}
        )
        eventually(lambda: any(p["name"] == "here" for p in holdfast.models()["providers"]))
        with pytest.raises(openai.InternalServerError) as caught:
            holdfast.openai().chat.completions.create(model="here/broken", messages=TALK)
        assert caught.value.status_code == 503
        assert "here" in str(caught.value)
        assert ask(holdfast, upstream)


def test_giving_up_while_a_request_waits_to_drain(upstream):
    """SIGTERM, and a provider that never answers: the drain time ends it."""
    with Holdfast(scripted_providers(upstream), limits={"drain": "1s"}) as holdfast:
        model = upstream.plays(silence)
        errors = []

        def wait():
            try:
                holdfast.openai().chat.completions.create(model=f"oa/{model}", messages=TALK)
            except openai.APIError as error:
                errors.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        upstream.request(model)
        began = time.monotonic()
        holdfast.stop()
        assert time.monotonic() - began > 0.8
        thread.join()
        assert errors and upstream.request(model).gone()
