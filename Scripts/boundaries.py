#!/usr/bin/env python3
"""Holds the module boundaries that ARCHITECTURE.md draws.

Reads the imports of every Swift file under Sources/ and refuses what points
up, sideways where it may not, or at a library that the layer may not know;
and in Tests/ and Package.swift what would need another build for the tests.
Exits 1 with a line for each, so that CI and an editor can jump to it.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Layer of every module of ours; an import must point to a lower number, or
# to one that ALLOWED_SIDEWAYS names.
LAYERS = {
    "CLinux": 0, "CInflate": 0, "Encodings": 0, "Files": 0, "Wire": 0, "Conversation": 0,
    "Signing": 0, "AWSSigning": 0,
    "DialectOpenAI": 1, "DialectAnthropic": 1, "DialectResponses": 1, "DialectBedrock": 1, "Routing": 1, "Access": 1,
    "Failures": 1, "Resilience": 1, "Continuation": 1, "Drills": 1, "Ledger": 1, "Availability": 1,
    "Extraction": 1, "Supervision": 1, "WeightFormats": 1, "WeightSigning": 1, "Storage": 1,
    "Veto": 1,
    "Gateway": 2, "SupervisionTraining": 2,
    "FrontDoor": 3, "Providers": 3, "EngineHost": 3, "Settings": 3, "Telemetry": 3, "StorageSQLite": 3, "LedgerDisk": 3,
    "Custody": 3, "WeightFiles": 3, "VetoSpool": 3, "CloudCredentials": 3,
    "AdminAPI": 4, "HoldfastServer": 4,
    "HoldfastCLI": 5,
    "holdfast": 6, "holdfast-verify": 6, "holdfast-measure": 6, "holdfast-train": 6,
}
ALLOWED_SIDEWAYS = {("Wire", "Encodings"), ("Conversation", "Wire"), ("Conversation", "Encodings"),
                    ("Signing", "Encodings"), ("Signing", "Wire"),
                    ("AWSSigning", "Encodings"), ("AWSSigning", "Wire"), ("DialectBedrock", "DialectAnthropic"),
                    ("DialectResponses", "DialectOpenAI"),
                    ("Resilience", "Failures"), ("Drills", "Failures"), ("EngineHost", "Custody"),
                    ("HoldfastServer", "AdminAPI")}

# Libraries by the lowest layer that may know them, or by module where only
# some may. What is not listed here is free to use (NIOCore, Logging, …).
IO_LIBRARIES = re.compile(
    r"^(Hummingbird\w*|AsyncHTTPClient|GRDB|Subprocess|Yams|NIOPosix|NIOHTTP1|NIOSSL|NIOExtras|NIOTLS"
    r"|HTTPTypes|ServiceLifecycle|UnixSignals|Foundation|Dispatch|Files|SystemPackage)$")
LIBRARY_HOMES = {
    "Hummingbird": {"FrontDoor"},
    "HummingbirdCore": {"FrontDoor"},
    "HummingbirdTLS": {"FrontDoor"},
    "Yams": {"Settings"},
    "GRDB": {"StorageSQLite"},
    "Subprocess": {"EngineHost", "CloudCredentials"},
    "AsyncHTTPClient": {"EngineHost", "CloudCredentials", "HoldfastServer", "HoldfastCLI", "holdfast-measure"},
    "ArgumentParser": {"HoldfastCLI", "holdfast-measure", "holdfast-train"},
    "X509": {"WeightSigning"},
    # Not on a request's path; all of Foundation only for GRDB's columns of bytes.
    "Foundation": {"StorageSQLite"},
    "FoundationEssentials": {"AdminAPI", "Custody", "EngineHost", "HoldfastCLI", "HoldfastServer", "StorageSQLite",
                             "WeightSigning", "holdfast-measure", "holdfast-train"},
    "SystemPackage": {"Files", "EngineHost", "CloudCredentials"},
}

# What one module does for all: a second place would soon differ from it.
ONE_PLACE = {
    re.compile(r"\bEINTR\b"): ("Files", "uninterrupted(_:) repeats an interrupted call"),
    re.compile(r"\bgmtime|\btimegm|146_097|719_468"): ("Encodings", "CivilTime is the calendar"),
    re.compile(r"\bMemoryFile\b|\bSealedWeights\(|\bSealedFile\(|ForTests\b"): (
        "Custody", "SealedWeights.load is the only way from a file to an engine"),
    # Foundation's waits for a FIFO, keeps no promise of durability, and tells
    # no reason.
    re.compile(r"\bFileManager\b|\bFileHandle\b|\b(?:Data|String)\(contentsOf|\bURL\((?:filePath|fileURLWithPath):|\bfopen\("):
        ("Files", "WholeFile and Folder read, write and remove files"),
}

# A dialect's name is compared where the settings' words become dialects, and in
# tables of what is said in each; all other code asks the dialect.
DIALECT_NAME = re.compile(r"(?:[!=]=|\bcase)\s+(?:DialectName|ErrorVocabulary)?\.(?:openai|openAI|anthropic)\b")
KNOWS_DIALECTS = ("Sources/Settings/", "Sources/HoldfastServer/Providers/RemoteDialect.swift",
                  "Sources/Conversation/Flavour.swift", "Sources/Failures/Signature.swift")

# Modules of ours that a module may not know, though they lie lower.
NEVERS = {
    "HoldfastCLI": {"Gateway", "FrontDoor", "Providers", "Telemetry", "SupervisionTraining"},
    "FrontDoor": {"DialectOpenAI", "DialectAnthropic", "DialectResponses", "DialectBedrock"},
    "holdfast": set(LAYERS) - {"HoldfastCLI"},
    "holdfast-verify": set(LAYERS) - {"Encodings", "Files", "Ledger", "LedgerDisk"},
    "holdfast-measure": set(LAYERS) - {"Availability", "CLinux", "Conversation", "Custody", "Encodings", "Files", "Gateway",
                                       "HoldfastServer", "Ledger", "LedgerDisk", "Providers", "Storage",
                                       "StorageSQLite", "Supervision", "Wire"},
    "holdfast-train": set(LAYERS) - {"CInflate", "Encodings", "Files", "Supervision", "SupervisionTraining"},
    # The trainer is no part of the program.
    "HoldfastServer": {"SupervisionTraining"},
}

# What would make tests need another build than the release build that users
# get: they use what is `package`, and nothing that is internal.
TESTING = {"Tests": "@testable", "Package.swift": "-enable-testing"}

IMPORT = re.compile(r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?import\s+"
                    r"(?:struct\s+|class\s+|enum\s+|func\s+|protocol\s+)?(\w+)")


def problems():
    for folder in sorted(path for path in (ROOT / "Sources").iterdir() if path.is_dir()):
        module = folder.name
        if module not in LAYERS:
            yield folder, 1, f"the module {module} has no layer; give it one in Scripts/boundaries.py"
            continue
        for file in sorted(folder.rglob("*.swift")):
            for number, line in enumerate(file.read_text().splitlines(), 1):
                for pattern, (home, remedy) in ONE_PLACE.items():
                    if module != home and pattern.search(line):
                        yield file, number, f"{pattern.search(line)[0]} belongs to {home} alone: {remedy}"
                if DIALECT_NAME.search(line) and not str(file.relative_to(ROOT)).startswith(KNOWS_DIALECTS):
                    yield file, number, "a dialect's name decides here: make it a requirement of the dialect's protocol"
                found = IMPORT.match(line)
                if found and (complaint := refuse(module, found[1])):
                    yield file, number, complaint
    for place, word in TESTING.items():
        for file in [ROOT / place, *sorted((ROOT / place).rglob("*.swift"))]:
            for number, line in enumerate(file.read_text().splitlines() if file.is_file() else [], 1):
                if word in line:
                    yield file, number, f"{word} needs another build than the one that users get: make it `package`"


def refuse(module, imported):
    layer = LAYERS[module]
    if imported in NEVERS.get(module, ()):
        return f"{module} imports {imported}, which it may never know"
    if layer < 3 and module != "Files" and IO_LIBRARIES.match(imported):
        return f"{module} (layer {layer}) imports {imported}: nothing below layer 3 does I/O"
    if imported in LAYERS:
        if LAYERS[imported] < layer or (module, imported) in ALLOWED_SIDEWAYS:
            return None
        direction = "sideways" if LAYERS[imported] == layer else "up"
        return f"{module} (layer {layer}) imports {imported} (layer {LAYERS[imported]}): arrows only point down, not {direction}"
    if imported in LIBRARY_HOMES and module not in LIBRARY_HOMES[imported]:
        return f"{module} imports {imported}, which belongs to {', '.join(sorted(LIBRARY_HOMES[imported]))}"
    return None


def main():
    found = list(problems())
    for file, line, complaint in found:
        print(f"{file.relative_to(ROOT)}:{line}: {complaint}")
    if found:
        return 1
    print(f"boundaries hold: {len(LAYERS)} modules, no arrow points up")
    return 0


if __name__ == "__main__":
    sys.exit(main())
