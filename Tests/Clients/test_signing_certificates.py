"""Models signed with certificates: with the reference implementation in both
directions, and against every chain that it lets pass."""

import json

import model_signing
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from weights import (
    FILES, model, key, weights, verify, holds, refused, theirs, CLIENT, CODE, DAY, SERVER, Key, bundle, certificate, chain, pem, resource, statement,
)  # fmt: skip


class Authority:
    def __init__(self, folder):
        self.folder = folder
        self.root_key, self.middle_key, self.leaf_key = (Key(folder, name) for name in ["root", "middle", "leaf"])
        self.root = certificate(self.root_key, "root", ca=True, start=-90 * DAY)
        self.middle = certificate(self.middle_key, "middle", (self.root_key, self.root), ca=True, start=-90 * DAY)
        self.root_file = pem(folder / "root.pem", self.root)
        self.middle_file = pem(folder / "middle.pem", self.middle)

    def leaf(self, **more):
        return certificate(self.leaf_key, "leaf", (self.middle_key, self.middle), **{"purposes": [CODE], **more})


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def verify_chain(model, signature, *roots):
    return weights(
        "verify", model, "--signature", signature, *(each for root in roots for each in ["--root", root])
    )


def theirs_by_chain(model, signature, root):
    try:
        config = model_signing.verifying.Config().use_certificate_verifier(certificate_chain=[root])
        config.verify(model, signature)
    except Exception as error:
        return error


def test_certificates_both_ways(tmp_path, model, authority):
    leaf = pem(tmp_path / "leaf.pem", authority.leaf())
    mine, other = tmp_path / "ours.sig", tmp_path / "theirs.sig"
    holds(weights(
        "sign", model, "--private-key", authority.leaf_key.file, "--certificate", leaf, "--chain", authority.middle_file,
        "--signature", mine,
    ))  # fmt: skip
    assert theirs_by_chain(model, mine, authority.root_file) is None
    holds(verify_chain(model, mine, authority.root_file))
    model_signing.signing.Config().use_certificate_signer(
        private_key=authority.leaf_key.file, signing_certificate=leaf,
        certificate_chain=[authority.middle_file, authority.root_file],
    ).sign(model, other)  # fmt: skip
    assert authority.leaf_key.hint in holds(verify_chain(model, other, authority.root_file))
    (model / "a.txt").write_bytes(b"other\n")
    refused(verify_chain(model, other, authority.root_file), "a.txt")


def by_chain(folder, authority, *certificates, key=None):
    file = folder / "m.sig"
    content = statement(sorted((resource(n, c) for n, c in FILES.items()), key=lambda each: each["name"]))
    file.write_text(json.dumps(bundle(content, key or authority.leaf_key, material=chain(*certificates))))
    return file


#: What the reference implementation lets pass stands with True.
LEAVES = {
    "expired": (dict(start=-9 * DAY, end=-DAY), True, "has expired"),
    "not yet valid": (dict(start=DAY, end=9 * DAY), True, "is not valid before"),
    "a web server's": (dict(purposes=[SERVER]), True, "serverAuth"),
    "a web server's and for code": (dict(purposes=[SERVER, CODE]), True, "serverAuth"),
    "a client's": (dict(purposes=[CLIENT]), True, "not for signing code"),
    "may not sign": (dict(usage=False), True, "may not make signatures"),
    "says nothing of its use": (dict(usage=None, purposes=[]), False, "doesn't say what it is for"),
}


@pytest.mark.parametrize("name", LEAVES)
def test_leaves_that_may_not_sign(tmp_path, model, authority, name):
    more, is_lax, word = LEAVES[name]
    file = by_chain(tmp_path, authority, authority.leaf(**more), authority.middle)
    assert (theirs_by_chain(model, file, authority.root_file) is None) == is_lax
    refused(verify_chain(model, file, authority.root_file), word)


def test_leaves_that_may(tmp_path, model, authority):
    for more in [{}, dict(purposes=[]), dict(usage=None)]:
        file = by_chain(tmp_path, authority, authority.leaf(**more), authority.middle)
        holds(verify_chain(model, file, authority.root_file))
        # With the root in the bundle, too.
        file = by_chain(tmp_path, authority, authority.leaf(**more), authority.middle, authority.root)
        holds(verify_chain(model, file, authority.root_file))


def test_chains_that_lead_nowhere(tmp_path, model, authority):
    other = Authority(tmp_path)
    leaf = authority.leaf()
    no_ca = certificate(authority.middle_key, "middle", (authority.root_key, authority.root), ca=False)
    mute = certificate(authority.middle_key, "middle", (authority.root_key, authority.root), ca=True, cert_sign=False)
    old = certificate(authority.middle_key, "middle", (authority.root_key, authority.root), ca=True, end=-DAY, start=-3 * DAY)
    web = certificate(
        authority.middle_key, "middle", (authority.root_key, authority.root), ca=True, purposes=[SERVER]
    )
    cases = [
        ("leads to none of your roots", [leaf, authority.middle], other.root_file),
        ("leads to none of your roots", [leaf], authority.root_file),
        ("leads to none of your roots", [leaf, no_ca], authority.root_file),
        ("leads to none of your roots", [leaf, mute], authority.root_file),
        ("not for signing code", [leaf, web], authority.root_file),
        ("has expired", [leaf, old], authority.root_file),
        ("not part of its chain", [leaf, authority.middle, other.root], authority.root_file),
        ("has 7 certificates", [leaf] + [authority.middle] * 6, authority.root_file),
        ("has 0 certificates", [], authority.root_file),
    ]
    for word, certificates, root in cases:
        refused(verify_chain(model, by_chain(tmp_path, authority, *certificates), root), word)
    # The right chain, and another's signature.
    file = by_chain(tmp_path, authority, leaf, authority.middle, key=other.leaf_key)
    refused(verify_chain(model, file, authority.root_file), "signature doesn't hold")


def test_roots_that_are_not_given(tmp_path, model, authority):
    file = by_chain(tmp_path, authority, authority.leaf(), authority.middle)
    done = weights("verify", model, "--signature", file)
    assert done.returncode == 64 and "--root" in done.stderr
    (tmp_path / "empty.pem").write_text("")
    refused(verify_chain(model, file, tmp_path / "empty.pem"), "no root certificate", "no default")
    refused(verify_chain(model, file, authority.leaf_key.public_file), "PUBLIC KEY")
    # A key is no root, and a root no key.
    refused(verify(model, authority.leaf_key, file), "--root")
    done = weights("sign", model, "--private-key", authority.leaf_key.file, "--signature", tmp_path / "k.sig")
    refused(verify_chain(model, tmp_path / "k.sig", authority.root_file), "--public-key")


def test_a_leaf_with_another_kind_of_key(tmp_path, model, authority):
    strange = Key(tmp_path, "strange")
    strange.private = rsa.generate_private_key(65537, 2048)
    leaf = certificate(strange, "leaf", (authority.middle_key, authority.middle), purposes=[CODE])
    refused(verify_chain(model, by_chain(tmp_path, authority, leaf, authority.middle), authority.root_file), "P-256")


def test_signing_with_a_certificate_that_may_not(tmp_path, model, authority):
    for leaf, word in [
        (authority.leaf(purposes=[SERVER]), "serverAuth"),
        (certificate(authority.middle_key, "other", (authority.root_key, authority.root)), "another key"),
    ]:
        file = pem(tmp_path / "leaf.pem", leaf)
        refused(weights("sign", model, "--private-key", authority.leaf_key.file, "--certificate", file), word)
