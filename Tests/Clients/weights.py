"""Models to sign, the commands, and signatures made by hand: what the reference
implementation would not write, signed so that nothing but the fault itself can
be refused."""

import base64
import datetime
import hashlib
import json

import model_signing
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from holdfast import cli

IN_TOTO = "application/vnd.in-toto+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PREDICATE = "https://model_signing/signature/v1.0"
NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


class Key:
    """An EC key, and its files."""

    def __init__(self, folder, name, curve=ec.SECP256R1()):
        self.private = ec.generate_private_key(curve)
        self.file = folder / f"{name}.key"
        self.public_file = folder / f"{name}.pub"
        self.file.write_bytes(
            self.private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        public = self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.public_file.write_bytes(public)
        self.hint = hashlib.sha256(public).hexdigest()

    def sign(self, message):
        algorithm = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}[self.private.curve.key_size]
        return self.private.sign(message, ec.ECDSA(algorithm))


def pae(payload, kind=IN_TOTO):
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def legacy_pae(payload):
    """As version 0.2 of the reference implementation had it."""
    return f"DSSEV1 {len(IN_TOTO)} {IN_TOTO} {len(payload)} {payload}".encode()


def b64(data):
    return base64.b64encode(data).decode()


def resource(name, content, algorithm="sha256"):
    return {"name": name, "algorithm": algorithm, "digest": hashlib.sha256(content).hexdigest()}


def statement(resources, name="m", **serialization):
    """A dict that is a correct statement, to be spoilt."""
    root = hashlib.sha256(b"".join(bytes.fromhex(each["digest"]) for each in resources)).hexdigest()
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": root}}],
        "predicateType": PREDICATE,
        "predicate": {
            "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False, **serialization},
            "resources": resources,
        },
    }


def bundle(payload, key, encode=pae, material=None):
    """A dict that is a correct bundle of a statement (or of bytes)."""
    if not isinstance(payload, bytes):
        payload = json.dumps(payload).encode()
    return {
        "mediaType": BUNDLE,
        "verificationMaterial": material or {"publicKey": {"hint": key.hint}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": b64(payload),
            "payloadType": IN_TOTO,
            "signatures": [{"sig": b64(key.sign(encode(payload))), "keyid": ""}],
        },
    }


def certificate(key, name, issuer=None, *, ca=False, start=-DAY, end=30 * DAY, usage=True, purposes=(), cert_sign=None):
    """`issuer` is (key, certificate); nobody means that it vouches for itself.

    `usage` is the key usage digitalSignature, None leaves the extension out.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, above = issuer or (key, None)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.subject if above else subject)
        .public_key(key.private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + start)
        .not_valid_after(NOW + end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if usage is not None:
        vouches = ca if cert_sign is None else cert_sign
        builder = builder.add_extension(
            x509.KeyUsage(usage, False, not usage and not ca, False, False, vouches, vouches, False, False), critical=True
        )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(purposes)), critical=False)
    return builder.sign(signer.private, hashes.SHA256())


def chain(*certificates):
    """`verificationMaterial` with these."""
    encoded = [each.public_bytes(serialization.Encoding.DER) for each in certificates]
    return {"x509CertificateChain": {"certificates": [{"rawBytes": b64(each)} for each in encoded]}, "tlogEntries": []}


def pem(file, *certificates):
    file.write_bytes(b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates))
    return file


CODE = ExtendedKeyUsageOID.CODE_SIGNING
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


# A model, and what is said of it

FILES = {"a.txt": b"first\n", "d/b.bin": bytes(range(256)) * 3, "d-e": b"", "é.json": b"{}"}


def written(folder, files=FILES):
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


@pytest.fixture
def model(tmp_path):
    return written(tmp_path / "m")


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return Key(tmp_path_factory.mktemp("keys"), "signer")


def weights(*arguments):
    return cli("weights", *map(str, arguments))


def verify(model, key, signature=None, *more):
    return weights("verify", model, "--public-key", key.public_file, "--signature", signature or f"{model}.sig", *more)


def holds(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refused(done, *words):
    assert done.returncode == 65, done.stdout + done.stderr
    assert "Fatal" not in done.stderr and "Error Domain" not in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
    return done.stderr


def theirs(model, signature, key):
    """The reference implementation's word: None where it is content."""
    try:
        model_signing.verifying.Config().use_elliptic_key_verifier(public_key=key.public_file).verify(model, signature)
    except Exception as error:
        return error


def signed_by_them(model, signature, key, hashing=None):
    config = model_signing.signing.Config().use_elliptic_key_signer(private_key=key.file)
    if hashing:
        config.set_hashing_config(hashing)
    config.sign(model, signature)


def changed(path, value, content):
    """The same with one member another; `...` takes it away."""
    place = content
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return content
