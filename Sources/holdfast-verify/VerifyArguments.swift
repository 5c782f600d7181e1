import Ledger

/// The command line, read.
struct VerifyArguments {
    static let usage = """
        holdfast-verify: check a Holdfast ledger, one proof out of it, or a receipt.

        holdfast-verify DIR              --log VKEY | --policy FILE  [options]
        holdfast-verify FILE.tlog-proof  --log VKEY | --policy FILE  [--json]

        DIR is a copy of the ledger's public folder. Every entry and every tile
        is hashed anew, up to the root that the checkpoint's signature vouches
        for; the kept checkpoints, and yours, must be ones that the log extends.
        VKEY is the log's public key (C2SP signed-note); a policy (C2SP
        tlog-policy) can ask for witnesses, too, and has their keys.

          --trusted FILE   a checkpoint that you have kept; may be repeated
          --receipt FILE   a custody receipt (`holdfast weights receipt --json`)
                           or a .tlog-proof: is it on record in DIR? Repeatable
          --entries        print every entry, a JSON object a line, once all of
                           it holds
          --json           print the verdict as one JSON object

        Verdicts and exit codes: HOLDS 0; DOES NOT HOLD 1, what was read
        contradicts itself, its signatures or the policy; COULD NOT LOOK 2, a
        wrong path, a file without leave to read it, a key that is none, another
        log's: no evidence of anything.
        Wrong usage: 64.
        """

    /// A folder or a proof.
    var target = ""
    var policy: LedgerPolicy?
    var trusted: [SignedNote] = []
    var receipts: [String] = []
    var showsEntries = false
    var isJSON = false
    var wantsHelp = false

    init(_ words: some Collection<String>) throws(AuditFailure) {
        var words = Array(words)[...]
        isJSON = words.contains("--json")
        while let word = words.popFirst() {
            switch word {
            case "--help", "-h": wantsHelp = true
            case "--entries": showsEntries = true
            case "--json": break
            case "--log": policy = try Self.policy(log: try Self.value(of: word, "the log's public key", &words))
            case "--policy": policy = try Self.policy(file: try Self.value(of: word, "a file", &words))
            case "--trusted": trusted.append(try Self.checkpoint(try Self.value(of: word, "a file", &words)))
            case "--receipt": receipts.append(try Self.value(of: word, "a file", &words))
            default:
                guard target.isEmpty, !word.hasPrefix("-") else { throw .usage("what is \(word)?\n\n\(Self.usage)") }
                target = word
            }
        }
        guard wantsHelp || !target.isEmpty && policy != nil else {
            throw .usage("a folder or a proof, and --log or --policy, are needed\n\n\(Self.usage)")
        }
    }

    private static func value(
        of option: String, _ what: String, _ words: inout ArraySlice<String>
    ) throws(AuditFailure) -> String {
        guard let value = words.popFirst() else { throw .usage("\(option) wants \(what)") }
        return value
    }

    private static func policy(log text: String) throws(AuditFailure) -> LedgerPolicy {
        guard let key = VerifierKey(text), key.kind == .note else {
            throw .couldNotLook(
                "--log is no log's public key, such as example.com/log+530d903a+Ae…; "
                    + "`holdfast ledger key` prints it: has a part of it been lost?")
        }
        return LedgerPolicy(log: key)
    }

    private static func policy(file path: String) throws(AuditFailure) -> LedgerPolicy {
        let text = String(decoding: try AuditedFile.read(path), as: UTF8.self)
        do throws(LedgerProblem) {
            return try LedgerPolicy(text)
        } catch {
            throw .couldNotLook("\(path): \(error)")
        }
    }

    private static func checkpoint(_ path: String) throws(AuditFailure) -> SignedNote {
        let bytes = try AuditedFile.read(path)
        do throws(LedgerProblem) {
            let note = try SignedNote(bytes)
            _ = try Checkpoint(text: note.text)
            return note
        } catch {
            throw .couldNotLook("\(path) is no checkpoint: \(error)")
        }
    }
}
