"""llama.cpp's server with the settings that Holdfast gives it, and nobody in
front of it."""

import http.client
import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path

from holdfast import ENGINE_PYTHON, MODEL_FILE, eventually
from patience import PATIENCE

SERVER = """
import json, os, sys
import xllamacpp

order = json.loads(sys.stdin.readline())
p = xllamacpp.CommonParams()
p.model.path = order["model"]
p.model_alias = {order["alias"]}
p.hostnames = [order["socket"]]
p.offline = True
p.n_ctx, p.n_parallel = order["context"], 1
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = order["threads"]
p.n_threads_http = 8
p.n_batch = p.n_ubatch = 256
p.use_jinja = True
p.verbosity = 2
p.ui = p.endpoint_slots = p.endpoint_props = p.endpoint_metrics = False
p.cache_ram_mib = 0
server = xllamacpp.Server(p)
sys.stdin.read()
os._exit(0)
"""


class _OverSocket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=240)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class BareEngine:
    """An engine without Holdfast: `with BareEngine() as engine:` serves the default model inside the block. The engine
    ends when its standard input is closed."""

    def __init__(self, context=2048):
        self._scratch = tempfile.TemporaryDirectory(prefix="hf-bare-")
        self._socket = Path(self._scratch.name) / "engine.sock"
        self._order = {
            "socket": str(self._socket), "model": str(MODEL_FILE), "alias": "smollm2-135m", "context": context,
            "threads": max(1, (os.cpu_count() or 2) - 1),
        }  # fmt: skip

    def __enter__(self):
        self._process = subprocess.Popen(
            [ENGINE_PYTHON, "-I", "-B", "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._process.stdin.write(json.dumps(self._order).encode() + b"\n")
        self._process.stdin.flush()
        try:
            eventually(self._is_ready, every=0.1)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._scratch.cleanup()

    def _is_ready(self):
        assert self._process.poll() is None, f"the engine ended by itself: {self._process.returncode}"
        try:
            return self.ask("GET", "/health")[0] == 200
        except OSError:
            return False

    def ask(self, method, path, body=None):
        """Status and body, read as JSON where it is."""
        connection = _OverSocket(self._socket)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"content-type": "application/json"})
            response = connection.getresponse()
            said = response.read()
        finally:
            connection.close()
        try:
            return response.status, json.loads(said)
        except ValueError:
            return response.status, said.decode(errors="replace")
