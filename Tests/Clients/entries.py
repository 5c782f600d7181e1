"""A ledger's entries, read by programs that aren't ours: cbor2, and pycddl with the schema of docs/."""

from pathlib import Path

import cbor2
from pycddl import Schema

SCHEMA = Schema((Path(__file__).parents[2] / "docs/ledger-entry.cddl").read_text())


def raw(log):
    """Yields the entries of a ledger's public folder as bytes, in order."""
    folder = Path(log) / "tile/entries"
    bundles = {}
    for path in folder.rglob("*"):
        if path.is_file():
            name = str(path.relative_to(folder))
            full, _, width = name.partition(".p/")
            bundles[int(full.replace("x", "").replace("/", ""))] = max(
                bundles.get(int(full.replace("x", "").replace("/", "")), (0, path)), (int(width or 256), path)
            )
    for number in sorted(bundles):
        data = bundles[number][1].read_bytes()
        while data:
            length = int.from_bytes(data[:2], "big")
            yield data[2 : 2 + length]
            data = data[2 + length :]


def checked_entries(log):
    """Each has to be as the schema says, and in the one encoding that RFC 8949 calls deterministic."""
    found = []
    for entry in raw(log):
        SCHEMA.validate_cbor(entry)
        said = cbor2.loads(entry)
        assert cbor2.dumps(said, canonical=True) == entry
        found.append(said)
    return found
