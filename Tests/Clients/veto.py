"""People with keys of their own, and a Holdfast that they may stop."""

import base64
import copy
import hashlib
import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from holdfast import REPO, cli
from operating import LEDGER
from patience import PATIENCE, eventually
from standin import Pair, pair, plain
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey

# What auditors run is what the tests use.
sys.path.append(str(REPO / "Scripts"))
import permit_checker  # noqa: E402, F401

TYPE = "application/vnd.in-toto+json"
PREDICATE = "https://holdfast/veto/v1.0"
#: The last step of the gate takes a minute otherwise.
SETTINGS = {"ledger": LEDGER, "veto": {"half_open": {"for": "1s"}}}
#: What a command says that refuses what it was given.
REFUSED = 65
USAGE = 64


@dataclass
class Person:
    """A person of the roster: a name, and a key that no server reads."""

    name: str
    folder: Path

    @property
    def private(self):
        return self.folder / f"{self.name}.key"

    @property
    def public(self):
        return self.folder / f"{self.name}.pub"

    @property
    def hint(self):
        """The key's id in signatures: the SHA-256 of its PEM."""
        return hashlib.sha256(self.public.read_bytes()).hexdigest()

    @property
    def signs(self):
        return ["--as", self.name, "--private-key", str(self.private)]

    def made_by_us(self):
        cli("people", "key", str(self.folder / self.name), "--json", check=0)
        return self

    def made_by_openssl(self, curve="prime256v1"):
        run = ["openssl", "ecparam", "-name", curve, "-genkey", "-noout", "-out", str(self.private)]
        subprocess.run(run, check=True, capture_output=True)
        self.private.chmod(0o600)
        run = ["openssl", "pkey", "-in", str(self.private), "-pubout", "-out", str(self.public)]
        subprocess.run(run, check=True, capture_output=True)
        return self

    # Offline, by programs that aren't ours

    def openssl_signs(self, pae, out, digest="sha256"):
        """A raw signature over the pre-authentication encoding."""
        run = ["openssl", "dgst", f"-{digest}", "-sign", str(self.private), "-out", str(out), str(pae)]
        subprocess.run(run, check=True, capture_output=True)
        return out

    def openssl_verifies(self, pae, signature, digest="sha256"):
        run = ["openssl", "dgst", f"-{digest}", "-verify", str(self.public), "-signature", str(signature), str(pae)]
        return subprocess.run(run, capture_output=True).returncode == 0

    @property
    def own_keyid(self):
        """As securesystemslib names the key where nobody names it."""
        return SSlibKey.from_crypto(serialization.load_pem_public_key(self.public.read_bytes())).keyid

    def key_of(self, keyid=None):
        return SSlibKey.from_crypto(serialization.load_pem_public_key(self.public.read_bytes()), keyid=keyid or self.hint)

    def envelope(self, payload, keyid=None):
        """A DSSE envelope that securesystemslib has made."""
        secret = serialization.load_pem_private_key(self.private.read_bytes(), None)
        made = Envelope(payload, TYPE, {})
        made.sign(CryptoSigner(secret, self.key_of(keyid)))
        return made.to_dict()


def verified(envelope, *people, threshold=1):
    """securesystemslib's own verdict; raises where it doesn't hold."""
    return Envelope.from_dict(copy.deepcopy(envelope)).verify([person.key_of() for person in people], threshold)


def statement(envelope):
    return json.loads(base64.b64decode(envelope["payload"]))


def pae(payload, type=TYPE):
    """DSSE's pre-authentication encoding, by its specification."""
    return f"DSSEv1 {len(type)} {type} {len(payload)} ".encode() + payload


def signature_of(key, payload):
    """By a key that is in memory only."""
    return key.sign(pae(payload), ec.ECDSA(hashes.SHA256()))


class House:
    """The commands of people over one Holdfast's settings, whether it runs or not."""

    def __init__(self, config, folder, names=("alice", "bob", "carol"), init=True, **options):
        self.config = Path(config)
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            setattr(self, name, Person(name, self.folder).made_by_us())
        self.people = [getattr(self, name) for name in names]
        if init:
            self.init(**options)

    @property
    def spool(self):
        return self.config.parent / ".holdfast/veto"

    def run(self, *words, check=0):
        return cli(*map(str, words), config=self.config, check=check)

    def json(self, *words, check=0):
        return json.loads(self.run(*words, "--json", check=check).stdout)

    def init(self, *more, **options):
        words = [part for each in self.people for part in ("--person", f"{each.name}={each.public}")]
        words += [part for each in self.people for part in ("--private-key", each.private)]
        words += [part for name, value in options.items() for part in (f"--{name}", value)]
        return self.json("people", "init", *words, *more)

    def pull(self, *scopes, by=None, reason="security", text="a test", check=0, yes=True, **options):
        words = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
        words = [part for part in words if part is not True]
        person = by or self.people[0]
        words += ["--reason", reason, "--text", text, *person.signs, *(["--yes"] if yes else [])]
        if check:
            return self.run("veto", "pull", *scopes, *words, check=check)
        return self.json("veto", "pull", *scopes, *words)

    def approve(self, id, by, check=0):
        """One person's word for the return of a suspension."""
        if check:
            return self.run("veto", "restore", id, *by.signs, check=check)
        return self.json("veto", "restore", id, *by.signs)

    def ratify(self, id, by, check=0):
        if check:
            return self.run("veto", "ratify", id, *by.signs, check=check)
        return self.json("veto", "ratify", id, *by.signs)

    def show(self, id):
        return self.json("veto", "show", id)

    def phase(self, id):
        return self.show(id)["phase"]

    def write(self, id, decision, *, statement=None, pae=None, **more):
        """Writes the exact bytes to sign."""
        words = ["--decision", decision]
        words += ["--statement", statement] if statement else []
        words += ["--pae", pae] if pae else []
        words += [part for name, value in more.items() for part in (f"--{name}", value)]
        self.run("veto", "show", id, *words)

    def accept(self, *words, check=0):
        return self.run("veto", "accept", *words, check=check)

    def comes_back(self, id):
        """Both people have approved: the gate has the rest to do, where it needs no traffic."""
        return eventually(lambda: self.phase(id) == "restored", 2 * PATIENCE)


@dataclass
class Vetoed:
    """A pair of candidates, and the people who may stop them."""

    two: Pair
    house: House

    @property
    def holdfast(self):
        return self.two.holdfast

    @property
    def first(self):
        """The scope of the first candidate."""
        return f"model:first/{self.two.first}"

    @property
    def second(self):
        return f"model:second/{self.two.second}"

    def traffic(self, count=20):
        """So many requests show the gate that the route is served without the suspended."""
        for _ in range(count):
            plain(self.holdfast, "openai")

    def comes_back(self, id):
        self.traffic()
        self.house.comes_back(id)


@contextmanager
def vetoed(upstream, spare, first, second, tmp_path, *, top=None, people=("alice", "bob", "carol"), init=True, **more):
    with pair(upstream, spare, first, second, top={**SETTINGS, **(top or {})}, **more) as two:
        yield Vetoed(two, House(two.holdfast.config, tmp_path / "people", people, init))
