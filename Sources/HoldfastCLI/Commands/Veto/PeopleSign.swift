import ArgumentParser
import Encodings
import Files
import Settings
import Signing
import Veto
import WeightFiles
import Wire

/// `holdfast people sign`
struct PeopleSign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Add a person's signature to a file that several must sign.",
        usage: """
            holdfast people sign <file> --private-key <private-key> [<options>]
            holdfast people sign <file> --pae <pae>
            holdfast people sign <file> --signature <signature> [<options>]
            """,
        discussion: """
            Shows what the file says, then signs it; the file becomes an envelope with one signature \
            more. Works on any machine: only where the server's files are does it know who is in the \
            roster. A version of the roster is also signed with each key that is new in it.

            Examples:
              holdfast people sign roster-2.json --as alice --private-key ~/keys/alice.key
              holdfast people sign roster-2.json --pae roster-2.pae       # a key that is elsewhere
              openssl dgst -sha256 -sign dave.key -out dave.sig roster-2.pae
              holdfast people sign roster-2.json --signature dave.sig --as dave
            """)

    @Argument(help: "The statement, or the envelope that others have signed.", completion: .file())
    var file: String
    @Option(help: "The key (PEM, P-256 or P-384), unencrypted; a pipe will do.", completion: .file())
    var privateKey: String?
    @Option(help: "Write there the bytes that a key signs (DSSE's PAE); sign nothing.", completion: .file())
    var pae: String?
    @Option(help: "A raw signature over the bytes of --pae (DER) that was made elsewhere.", completion: .file())
    var signature: String?
    @Option(name: .customLong("as"), help: "The person of the roster that signs. [default: the one of the key]")
    var person: String?
    @Option(help: "Where the envelope goes. [default: into the file]", completion: .file())
    var out: String?
    @OptionGroup var server: ServerOption
    @Flag(help: "Print JSON, for programs.")
    var json = false

    func validate() throws {
        guard [privateKey, pae, signature].count(where: { $0 != nil }) == 1 else {
            throw ValidationError(
                "say who signs: --private-key FILE; or write the bytes for a key that is elsewhere with --pae FILE, and "
                    + "bring the result with --signature FILE")
        }
    }

    func run() async throws {
        var signed = try StatementFile(at: file)
        if let pae { return try writeBytes(of: signed, to: pae) }
        let chain = roster()
        let key: ECPublicKey
        let bytes: [UInt8]
        if let privateKey {
            let secret = try await told { () async throws(SigningProblem) in
                try ECPrivateKey(pem: try SmallFile.text(privateKey))
            }
            key = secret.publicKey
            bytes = try accepted { () throws(VetoRefusal) in try signature(secret, signed) }
        } else {
            bytes = try GivenFile.read(signature ?? "", limit: 4096)
            key = try maker(of: bytes, signed, chain)
        }
        let who = try signer(key, chain, signed)
        // Alone, since the keys of the others may not be known on this machine.
        let statement = try accepted { () throws(VetoRefusal) in
            try SignedStatement(payload: signed.payload, signature: bytes, key: key).verified(by: [key]).statement
        }
        signed.add(bytes, by: key)
        try GivenFile.write(out ?? file, signed.envelope)
        guard !json else {
            return printJSON { json in
                json.member("file", out ?? file)
                json.member("decision", statement.decision.name)
                json.member("signatures", signed.signatures.count)
            }
        }
        for line in Self.lines(statement) { print(line) }
        print("")
        print(
            "Signed by \(who). \((out ?? file).printable) has \(signed.signatures.count) "
                + "\(signed.signatures.count == 1 ? "signature" : "signatures") now.")
    }

    private func writeBytes(of file: StatementFile, to pae: String) throws {
        let statement = try accepted { () throws(VetoRefusal) in try VetoStatement(unverified: file.payload) }
        try GivenFile.write(pae, file.encoding)
        guard !json else { return printJSON { $0.member("pae", pae) } }
        for line in Self.lines(statement) { print(line) }
        print("")
        print("Nothing is signed yet. Read it, then sign the bytes where the key is, and bring the result:")
        print("  openssl dgst -sha256 -sign KEY -out SIGNATURE \(pae.printable)      # -sha384 for a P-384 key")
        print("  holdfast people sign \(self.file.printable) --signature SIGNATURE --as NAME")
    }

    /// The key that made a signature: one of the roster, or one that the file
    /// brings into it.
    private func maker(of bytes: [UInt8], _ file: StatementFile, _ chain: RosterChain?) throws -> ECPublicKey {
        let brought = (try? VetoStatement(unverified: file.payload))?.brought
        let keys = (chain?.keys ?? []) + (brought.map { $0.peoplesKeys + ($0.recovery?.keys ?? []) } ?? [])
        guard let key = keys.first(where: { $0.isValid(bytes, of: file.encoding) }) else {
            throw refused(
                "the signature is of nobody in the roster over these bytes; see that the same bytes were signed (--pae), "
                    + "with -sha256 for P-256 and -sha384 for P-384")
        }
        return key
    }

    private func signature(_ key: ECPrivateKey, _ file: StatementFile) throws(VetoRefusal) -> [UInt8] {
        do { return try key.signature(for: file.encoding) } catch { throw .malformed(error.what) }
    }

    /// The roster's versions, where this is the server's machine.
    private func roster() -> RosterChain? {
        guard let settings = server.settings(), FileKind.at("\(settings.veto.spool)/roster") == .folder,
            let place = try? server.place()
        else { return nil }
        return (try? SpoolDesk(place))?.chain
    }

    /// - Throws: an exit code where the key is not the person's, or the person
    ///   has signed already.
    private func signer(_ key: ECPublicKey, _ chain: RosterChain?, _ file: StatementFile) throws -> String {
        let brought = (try? VetoStatement(unverified: file.payload))?.brought
        let newcomer = brought?.people.first { $0.keys.contains(key) }?.name
        guard let chain, newcomer == nil || chain.member(key) != nil else {
            guard !file.isSigned(by: key) else { throw refused("this key has signed it already") }
            if let person, let newcomer, person != newcomer {
                throw refused("the key is \(newcomer)'s, and not \(person.printable)'s")
            }
            return newcomer ?? person ?? "the key \(key.hint.prefix(12))…"
        }
        if chain.isRecoveryKey(key) {
            guard !file.isSigned(by: key) else { throw refused("this recovery key has signed it already") }
            return "a recovery key"
        }
        let name = try Signer(key: key, person: person, file: privateKey).name(in: chain)
        let keys = chain.current.people.first { $0.name == name }?.keys ?? []
        guard !keys.contains(where: { file.isSigned(by: $0) }) else {
            throw refused("\(name) has signed it already: one person counts once; have another person sign")
        }
        return name
    }

    private func refused(_ reason: String) -> any Error {
        complain("holdfast: \(reason)")
        return ExitStatus.dataError.exit
    }

    /// The lines that say what is signed.
    private static func lines(_ statement: VetoStatement) -> [String] {
        let until = "Good until \(StatusText.moment(statement.notAfter))."
        switch statement.decision {
        case .found(let next), .roster(let next), .replace(let next):
            return [RosterText(next, since: { _ in nil }).whole, until]
        case .order(let suspensions):
            return suspensions.map { suspension in
                "Orders to suspend \(suspension.scopes.map(\.text.printable).joined(separator: ", ")): "
                    + "\(suspension.reason.code.rawValue), \(suspension.reason.text.printable)"
            } + [until]
        case .ratify(let target), .restore(let target, _), .shorten(let target, _):
            return [
                "Decides \"\(statement.decision.name)\" for S\(target.number), "
                    + "\(target.scopes.map(\.text.printable).joined(separator: ", ")), digest \(Hex.encode(target.digest))",
                until,
            ]
        case .cancel(let version, let digest):
            return ["Cancels version \(version) of the roster, digest \(Hex.encode(digest))", until]
        }
    }
}

/// `holdfast people accept`
struct PeopleAccept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept", abstract: "Hand in a version of the roster that enough people have signed.",
        usage: "holdfast people accept <file> [<options>]",
        discussion: "The same as `holdfast veto accept`.\n\nExample: holdfast people accept roster-2.json")

    @Argument(help: "The envelope with the signatures.", completion: .file())
    var file: String
    @OptionGroup var raw: RawSignature
    @OptionGroup var server: ServerOption
    @Flag(help: "Print JSON, for programs.")
    var json = false

    func run() async throws {
        let desk = try SpoolDesk(try server.place())
        let outcome = try await HandIn(desk: desk).take(try raw.statement(file, desk))
        try VetoOutcome(outcome: outcome, desk: desk).tell(json: json)
    }
}
