"""A running Holdfast: a config in a directory of its own, the real binary,
and what must be true of it when it has ended."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import anthropic
import openai
from patience import PATIENCE, eventually

REPO = Path(__file__).resolve().parent.parent.parent
BINARY = Path(os.environ.get("HOLDFAST_BIN", ".build/release/holdfast"))
if not BINARY.is_absolute():
    BINARY = REPO / BINARY
ENGINE_PYTHON = REPO / ".holdfast/venv/bin/python"
MODEL_FILE = REPO / ".holdfast/models/smollm2-135m.gguf"

#: Words that stand in prompts and in scripted answers: no log may hold them.
PROMPT = "PROMPTMARKER7F3A"
ANSWER = "ANSWERMARKER9B1C"


def _port_numbers():
    """Numbers below those that the kernel gives to outgoing connections, so that none of these
    takes a port between its choice and its use; each worker of a parallel run has a slice of its own."""
    end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    start = 10_000 if end > 20_000 else 1024
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    size = (end - start) // workers
    # By process, so that two runs beside each other seldom meet.
    first = os.getpid() * 97
    while True:
        yield start + worker * size + first % size
        first += 1


_numbers = _port_numbers()


def free_ports(count):
    """Ports without a listener right now, each given once until all numbers were used."""
    ports = []
    while len(ports) < count:
        port = next(_numbers)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        ports.append(port)
    return ports


#: Exit codes of `holdfast status`: all routes serve, one is degraded, one is down.
STATES = (0, 1, 2)


def cli(*arguments, config=None, check=None, env=None, cwd=None):
    """Runs a command of Holdfast's to its end.

    `check` is the exit code that it must have, or several: `status` tells by
    its own how the routes are (STATES).
    """
    command = [str(BINARY), *arguments]
    if config is not None:
        command += ["--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE, env=env, cwd=cwd)
    if check is not None:
        assert done.returncode in (check if isinstance(check, tuple) else (check,)), f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def engine(**more):
    """The settings of a hosted engine with the default model."""
    return {"dialect": "engine", "model_file": str(MODEL_FILE), "context": 2048, "parallel": 4, **more}


def is_alive(pid):
    """Returns whether a process runs; a zombie, whose parent has not collected its exit code, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Holdfast:
    """A running Holdfast: `with Holdfast(providers=…, routes=…) as holdfast:` serves inside the block.

    At the end it must have ended after SIGTERM with exit code 0, and its log must contain none of its keys and none of
    the marker words; `ends_badly=True` is for tests that kill it, `waits=False` for tests in which it does not become
    ready.
    """

    def __init__(self, providers, routes=None, *, ends_badly=False, waits=True, env=None, **top):
        self._scratch = tempfile.TemporaryDirectory(prefix="hf-")
        self.directory = Path(self._scratch.name)
        self.config = self.directory / "holdfast.yaml"
        self.port, self.admin_port = free_ports(2)
        self.ends_badly = ends_badly
        #: Variables of the server's own, beside those of the tests.
        self.env = env
        self.waits = waits
        self.log_file = self.directory / "holdfast.log"
        self.settings = {
            "listen": f"127.0.0.1:{self.port}",
            "admin": f"127.0.0.1:{self.admin_port}",
            "keys": {"file": "keys.yaml"},
            "engine": {"python": str(ENGINE_PYTHON)},
            "providers": providers,
            "routes": routes or {},
            **top,
        }
        self.secrets = []
        #: More texts that the log must not hold, e.g. answers of a model.
        self.heard = []
        self.process = None
        self._clients = []

    # Life

    def __enter__(self):
        try:
            self.write_config()
            self.key = self.make_key("tests")
            self.start(ready=self.waits)
        except BaseException:
            self._kill()
            self._scratch.cleanup()
            raise
        return self

    def __exit__(self, kind, *_):
        for client in self._clients:
            client.close()
        try:
            if self.process is not None:
                self.stop()
            self.check_log()
        finally:
            self.lines = self.log.splitlines()
            self._kill()
            self._scratch.cleanup()

    def write_config(self, **changes):
        """Every JSON text is YAML. Replaced in one step, as editors do."""
        self.settings.update(changes)
        partial = self.config.with_suffix(".partial")
        partial.write_text(json.dumps(self.settings, indent=2))
        os.replace(partial, self.config)

    def start(self, ready=True):
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--config", self.config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory,
                env={**os.environ, **self.env} if self.env else None,
            )
        if ready:
            self.wait_ready()

    def wait_ready(self, within=2 * PATIENCE):
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"it ended by itself: {self.process.returncode}\n{self.log}"
            try:
                if self.get("/ready")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"not ready within {within} s:\n{self.log}")

    def stop(self, within=PATIENCE):
        """SIGTERM, and the end it has to have."""
        process, self.process = self.process, None
        if process.poll() is None:
            process.terminate()
        try:
            code = process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"SIGTERM did not end it within {within} s:\n{self.log[-3000:]}") from None
        if not self.ends_badly:
            assert code == 0, f"exit code {code}\n{self.log[-3000:]}"

    def restart(self):
        """The same directory, so the same memory."""
        self.stop()
        self.start()

    def _kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None

    # What it says

    @property
    def log(self):
        """The log's text so far. A line comes up to 20 ms after the answer that it is about, on a busy machine later:
        a line that must come is waited for with `log_has` or `requests_logged`."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def check_log(self):
        log = self.log
        for secret in [*self.secrets, PROMPT, ANSWER, *self.heard]:
            at = log.find(secret)
            assert at < 0, f"its log holds {secret!r}: …{log[max(0, at - 200) : at + 100]}"
        for word in ["Fatal error", "Crash:", "SIGSEGV", "SIGTRAP"]:
            assert word not in log, log[-4000:]

    def log_has(self, *texts, within=PATIENCE):
        """Waits until the log has each of the texts."""
        return eventually(lambda: (log := self.log) and all(text in log for text in texts), within)

    # How it is asked

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def get(self, path, key=None, port=None):
        """Status, header fields and body, whatever the status."""
        request = urllib.request.Request(f"http://127.0.0.1:{port or self.port}{path}")
        if key:
            request.add_header("authorization", f"Bearer {key}")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def admin(self, path, method="GET"):
        """Returns the answer of the administrators' listener, requested in the same way as the commands on the same
        machine do."""
        token = (self.directory / ".holdfast/run/admin-token").read_text()
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin_port}{path}", method=method)
        request.add_header("authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return response.read()

    @property
    def holds(self):
        """The present holds, as the administrators see them."""
        return json.loads(self.admin("/admin/holds"))["holds"]

    def restore(self, hold):
        return self.admin(f"/admin/holds/{hold['id']}/restore", method="POST")

    def metric(self, name, **labels):
        """The sum of a metric's samples that have these labels."""
        total = 0.0
        for line in self.admin("/metrics").decode().splitlines():
            if line.startswith((f"{name}{{", f"{name} ")) and all(f'{key}="{value}"' in line for key, value in labels.items()):
                total += float(line.rpartition(" ")[2])
        return total

    def requests_logged(self, count=1, where=lambda line: True):
        """The request log's lines that `where` chooses, once there are `count`; for `log={"format": "json"}`."""
        found = lambda: [line for line in self.requests_logged_so_far() if where(line)]  # noqa: E731
        return eventually(lambda: len(lines := found()) >= count and lines)

    def requests_logged_so_far(self):
        whole, _, _ = self.log.rpartition("\n")
        lines = [line for line in whole.splitlines() if line.startswith("{")]
        return [line for line in map(json.loads, lines) if line["message"] == "request"]

    def make_key(self, name, *options):
        key = cli("keys", "create", "--name", name, "--quiet", *options, config=self.config, check=0).stdout.strip()
        self.secrets.append(key)
        return key

    def make_counting_key(self, name, *options):
        """A key that a running Holdfast already takes: it looks at the key
        file now and then."""
        key = self.make_key(name, *options)
        eventually(lambda: self.get("/v1/models", key)[0] == 200)
        return key

    def openai(self, key=None, **options):
        """The official client; it does not try again unless asked to."""
        options = {"max_retries": 0, "timeout": 240, **options}
        client = openai.OpenAI(base_url=f"{self.url}/v1", api_key=key or self.key, **options)
        self._clients.append(client)
        return client

    def anthropic(self, key=None, **options):
        options = {"max_retries": 0, "timeout": 240, **options}
        client = anthropic.Anthropic(base_url=self.url, api_key=key or self.key, **options)
        self._clients.append(client)
        return client

    # What it is made of

    @property
    def resident(self):
        """The server's memory in bytes, without the memory of the engines."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")

    def models(self):
        return json.loads(cli("models", "--json", config=self.config, check=0).stdout)

    def engine_pid(self, provider):
        [found] = [each for each in self.models()["providers"] if each["name"] == provider]
        return found.get("pid")

    def signal(self, number=signal.SIGHUP):
        self.process.send_signal(number)


class MemoryWatch:
    """The highest resident memory of a Holdfast inside the `with`."""

    def __init__(self, holdfast):
        self.holdfast = holdfast

    def __enter__(self):
        self.before = self.peak = self.holdfast.resident
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def _run(self):
        while not self._done.wait(0.02):
            self.peak = max(self.peak, self.holdfast.resident)

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()
        self.peak = max(self.peak, self.holdfast.resident)

    @property
    def growth(self):
        """In MiB."""
        return (self.peak - self.before) / (1 << 20)
