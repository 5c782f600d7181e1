import Encodings
import Glibc
import Ledger
import LedgerDisk

// For an auditor who trusts nothing else: the ledger's formats, a reader of
// folders, and this.

let usage = """
    holdfast-verify: check a Holdfast ledger, or one proof out of it.

    holdfast-verify DIR        --log VKEY | --policy FILE  [--trusted CHECKPOINT]...
    holdfast-verify FILE.tlog-proof  --log VKEY | --policy FILE

    DIR is a copy of the ledger's public folder. Every entry and every tile is
    hashed anew, up to the root that the checkpoint's signature vouches for; the
    kept checkpoints, and yours, must be ones that the log extends. VKEY is the
    log's public key (C2SP signed-note); a policy (C2SP tlog-policy) can ask for
    witnesses, too. Exit code: 0 it holds, 1 it doesn't, 64 wrong usage.
    """

func fail(_ message: String, _ code: Int32) -> Never {
    let line = Printable.lines("holdfast-verify: \(message)\n")
    _ = line.utf8CString.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress!, $0.count - 1) }
    exit(code)
}

func file(_ path: String) -> [UInt8] {
    do throws(LedgerProblem) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        guard let bytes = try LedgerFolder(folder.isEmpty ? "/" : folder).read(name) else {
            fail("\(path) is missing", 1)
        }
        return bytes
    } catch {
        fail("\(error)", 1)
    }
}

var target: String?
var policy: LedgerPolicy?
var trusted: [[UInt8]] = []
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
    switch argument {
    case "--help", "-h":
        print(usage)
        exit(0)
    case "--log":
        guard let text = arguments.popFirst(), let key = VerifierKey(text), key.kind == .note else {
            fail("--log wants the log's public key, such as example.com/log+530d903a+Ae…", 64)
        }
        policy = LedgerPolicy(log: key)
    case "--policy":
        guard let path = arguments.popFirst() else { fail("--policy wants a file", 64) }
        do throws(LedgerProblem) {
            policy = try LedgerPolicy(String(decoding: file(path), as: UTF8.self))
        } catch {
            fail("\(error)", 64)
        }
    case "--trusted":
        guard let path = arguments.popFirst() else { fail("--trusted wants a checkpoint's file", 64) }
        trusted.append(file(path))
    default:
        guard target == nil, !argument.hasPrefix("-") else { fail("what is \(argument)?\n\n\(usage)", 64) }
        target = argument
    }
}
guard let target, let policy else { fail("a folder or a proof, and --log or --policy, are needed\n\n\(usage)", 64) }

do throws(LedgerProblem) {
    if target.hasSuffix(".tlog-proof") {
        let proof = try LedgerProof(file(target))
        guard let entry = proof.extra else { fail("the proof doesn't hold the entry itself", 1) }
        let verified = try proof.verify(entry, policy: policy)
        print(
            Printable.lines(
                "entry \(proof.index) of \(verified.checkpoint.origin), which has \(verified.size) entries:"))
        print(Printable.lines(String(decoding: EntryText(entry)?.json ?? entry, as: UTF8.self)))
    } else {
        print(Printable.lines(try LedgerVerifier(LedgerFolder(target), policy: policy).verify(trusted: trusted).text))
    }
} catch {
    fail("DOES NOT HOLD: \(error)", 1)
}
