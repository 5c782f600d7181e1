"""Tests of the confinement of hosted engines, and of the reports or refusals where it doesn't hold: foreign programs,
kernels that refuse, other processes of the same user."""

import ctypes
import json
import os
import platform
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import openai
import pytest
from holdfast import BINARY, ENGINE_PYTHON, MODEL_FILE, Holdfast, cli, engine, eventually
from nobody import NOBODY, AsNobody
from test_custody import LEDGER, MODEL, SHA256, ask, entries, receipt

PYTHON = "/usr/bin/python3"


# A server of one's own under `engine: {command: …}`: it reads its weights at
# the descriptor, and nothing but the kernel's own means shut it in.
FOREIGN = """
import hashlib, http.server, json, os, socketserver, sys
digest = hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def address_string(self): return '-'
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header('content-type', 'application/json')
        self.send_header('content-length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self): self.answer({'data': []})
    def do_POST(self):
        self.rfile.read(int(self.headers['content-length']))
        self.answer({'id': 'x', 'object': 'chat.completion', 'created': 1, 'model': 'm', 'choices': [{'index': 0,
            'message': {'role': 'assistant', 'content': digest}, 'finish_reason': 'stop'}],
            'usage': {'prompt_tokens': 1, 'completion_tokens': 1, 'total_tokens': 2}})
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer): daemon_threads = True
Server(sys.argv[2], Handler).serve_forever()
"""


class Unready(Holdfast):
    """One of whose engines may never get ready."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, waits=False, **more)


@pytest.mark.parametrize("custody", ["required", "best-effort"])
def test_what_does_not_hold_is_told_or_refuses(tmp_path, custody):
    server = tmp_path / "server.py"
    server.write_text(FOREIGN)
    command = {"command": ["python3", str(server), "{model}", "{socket}"]}
    holdfast = Unready(
        {"here": engine(models=[MODEL], engine=command), "spare": engine(parallel=1, context=512, models=["spare"], custody="best-effort")},
        {"both": {"candidates": [{"provider": "here", "model": MODEL}, {"provider": "spare", "model": "spare"}]}},
        custody=custody, ledger=LEDGER,
    )
    with holdfast:
        if custody == "required":
            holdfast.log_has("custody is required, and the engine is not shut in")
            refused = lambda: [each for each in entries(holdfast, "weights.refused") if each["provider"] == "here"]
            assert eventually(refused)[0]["cause"] == "engine"
            assert cli("weights", "receipt", "here", config=holdfast.config).returncode == 69
            # Others serve in its place.
            assert ask(holdfast, "both").headers["x-holdfast-served-by"].startswith("spare/")
            return
        holdfast.wait_ready()
        answered = ask(holdfast)
        assert answered.parse().choices[0].message.content == SHA256, "the sealed bytes, at their descriptor"
        told = receipt(holdfast)
        missing = [name for name, each in told["sandbox"].items() if not each["held"]]
        assert {"user", "files", "readers"} <= set(missing)
        assert {"network", "privileges", "calls", "dumps"}.isdisjoint(missing) or os.geteuid() != 0, told["sandbox"]
        assert told["scrub"] == "partial", "it has read the file, and computes with a copy"
        holdfast.log_has("without files")
        # Which of the two engines is ready first is chance.
        loaded = lambda: [each for each in entries(holdfast, "weights.loaded") if each["provider"] == "here"]
        assert eventually(loaded)[0]["missing"] == missing


def refuse_unshare():
    """As many containers do."""
    number = 97 if platform.machine() == "aarch64" else 272
    steps = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x0005_0001), (0x06, 0, 0, 0x7FFF_0000)]
    program = b"".join(struct.pack("HBBI", *step) for step in steps)

    class Filter(ctypes.Structure):
        _fields_ = [("count", ctypes.c_ushort), ("steps", ctypes.c_char_p)]

    libc = ctypes.CDLL(None)
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # no_new_privs
    assert libc.prctl(22, 2, ctypes.byref(Filter(len(steps), program)), 0, 0) == 0


class Contained(Unready):
    def start(self, ready=False):
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--config", self.config], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.directory, preexec_fn=refuse_unshare,
            )


@pytest.mark.parametrize("custody", ["required", "best-effort"])
def test_what_the_kernel_refuses_is_told_or_refuses(custody):
    with Contained({"here": engine(parallel=1, context=512, models=[MODEL])}, custody=custody, ledger=LEDGER) as holdfast:
        if custody == "required":
            holdfast.log_has("custody is required, and the engine is not shut in: ")
            shown = lambda: cli("weights", "receipt", "here", config=holdfast.config, check=69).stderr
            eventually(lambda: "network: Operation not permitted" in shown())
            with pytest.raises(openai.InternalServerError):
                ask(holdfast)
            return
        holdfast.wait_ready()
        told = receipt(holdfast)
        assert told["sandbox"]["network"] == {"held": False, "how": "Operation not permitted"}
        assert told["sandbox"]["calls"]["held"] and told["sandbox"]["files"]["held"]
        holdfast.log_has("without network")
        shown = cli("weights", "receipt", "here", config=holdfast.config, check=0).stdout
        assert any(line.split()[:2] == ["network", "NO"] for line in shown.splitlines()), shown
        assert ask(holdfast).headers["x-holdfast-custody"] == told["id"]


# What somebody with the same user can get at.
LOOK = """
import os, sys
for process in sys.argv[1:]:
    for name, attempt in {
        'mem': lambda: open(f'/proc/{process}/mem', 'rb'), 'fd': lambda: os.listdir(f'/proc/{process}/fd'),
        'weights': lambda: open(f'/proc/{process}/fd/100', 'rb'), 'environ': lambda: open(f'/proc/{process}/environ').read(),
        'maps': lambda: open(f'/proc/{process}/maps').read(),
    }.items():
        try: attempt(); print(process, name, 'seen')
        except PermissionError: print(process, name, 'refused')
"""


@pytest.fixture(scope="module")
def somebody():
    if os.geteuid() != 0:
        pytest.skip("becoming somebody takes root")
    unshared = subprocess.run(["unshare", "-Un", "true"], user=NOBODY, group=NOBODY, extra_groups=[])
    if unshared.returncode != 0:
        pytest.skip("this machine lets nobody have user namespaces")
    with tempfile.TemporaryDirectory(prefix="hf-") as folder:
        os.chmod(folder, 0o755)
        # Where anybody may read it, on a Python that anybody may execute.
        shutil.copytree(ENGINE_PYTHON.parent.parent, f"{folder}/venv", symlinks=True)
        version = "import sys; print(sys.version_info[:2])"
        versions = [subprocess.run([each, "-c", version], capture_output=True).stdout for each in [ENGINE_PYTHON, PYTHON]]
        if versions[0] != versions[1]:
            pytest.skip(f"{PYTHON} is of another version than the engine's")
        Path(folder, "venv/pyvenv.cfg").write_text(f"home = {Path(PYTHON).parent}\n")
        for link in Path(folder, "venv/bin").glob("python*"):
            link.unlink()
        Path(folder, "venv/bin/python").symlink_to(PYTHON)
        for path in [Path(folder, "venv"), *Path(folder, "venv").rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        shutil.copyfile(MODEL_FILE, f"{folder}/model.gguf")
        providers = {"here": engine(parallel=1, context=512, models=[MODEL], model_file=f"{folder}/model.gguf")}
        with AsNobody(providers, engine={"python": f"{folder}/venv/bin/python"}, ledger=LEDGER, custody="required") as holdfast:
            yield holdfast


def test_without_root_an_engine_is_shut_in_too(somebody):
    told = receipt(somebody)
    print(json.dumps(told["sandbox"], indent=1))
    assert all(each["held"] for each in told["sandbox"].values()), told["sandbox"]
    assert told["sandbox"]["user"]["how"] == "a user namespace of its own"
    assert told["seen"] == "self-reported", "the engine hides from Holdfast's own user, too"
    assert told["scrub"] == "whole" and told["files"][0]["sha256"] == SHA256
    assert ask(somebody).headers["x-holdfast-custody"] == told["id"]


def test_a_neighbour_of_the_same_user_sees_nothing(somebody):
    process = receipt(somebody)["process"]
    plain = subprocess.Popen([PYTHON, "-c", "input()"], stdin=subprocess.PIPE, user=NOBODY, group=NOBODY, extra_groups=[])
    try:
        seen = subprocess.run(
            [PYTHON, "-c", LOOK, *map(str, [process, somebody.process.pid, plain.pid])], capture_output=True, text=True, user=NOBODY,
            group=NOBODY, extra_groups=[],
        ).stdout
    finally:
        plain.kill()
        plain.wait()
    lines = [line.split() for line in seen.splitlines()]
    # Holdfast has the weights at a descriptor of its own.
    for hidden in [process, somebody.process.pid]:
        seen_of_it = {(name, what) for pid, name, what in lines if pid == str(hidden)}
        assert seen_of_it == {(name, "refused") for name in ["mem", "fd", "weights", "environ", "maps"]}, hidden
    assert (str(plain.pid), "fd", "seen") in map(tuple, lines), "who doesn't hide is seen: this can fail"
