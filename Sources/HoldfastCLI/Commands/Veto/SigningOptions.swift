import Access
import ArgumentParser
import Encodings
import HoldfastServer
import Settings
import Signing
import Veto
import WeightFiles

/// The key that signs a statement, or the files into which the bytes go for a
/// key that is elsewhere.
struct SigningOptions: ParsableArguments {
    @Option(name: .customLong("as"), help: "The person of the roster that signs. [default: the one of the key]")
    var person: String?
    @Option(
        help: "That person's key (PEM, P-256 or P-384), unencrypted; a pipe will do.", completion: .file())
    var privateKey: String?
    @OptionGroup var bytes: BytesOptions

    func validate() throws {
        if privateKey != nil, bytes.areWanted {
            throw ValidationError(
                "--private-key signs here, --statement and --pae write what is signed elsewhere: choose")
        }
    }

    /// The key of `--private-key`.
    ///
    /// - Throws: an exit code, once the reason has been printed.
    func key() async throws -> ECPrivateKey {
        guard let privateKey else {
            complain(
                "holdfast: say who signs: --private-key FILE; or write the bytes for a key that is elsewhere: "
                    + "--statement FILE or --pae FILE")
            throw ExitStatus.usage.exit
        }
        return try await told { () async throws(SigningProblem) in
            try ECPrivateKey(pem: try SmallFile.text(privateKey))
        }
    }

    /// The person behind a key, who must be the one that `--as` names.
    /// - Throws: an exit code, once the reason has been printed.
    func signer(_ key: ECPublicKey, in chain: RosterChain) throws -> String {
        try Signer(key: key, person: person, file: privateKey).name(in: chain)
    }
}

/// A key that is to sign, with what the command line says of it.
struct Signer {
    var key: ECPublicKey
    /// `--as`
    var person: String?
    /// `--private-key`
    var file: String?

    /// The person behind the key, who must be the one that is named.
    /// - Throws: an exit code, once the reason has been printed.
    func name(in chain: RosterChain) throws -> String {
        if let member = chain.member(key) {
            if let person, person != member.person {
                complain("holdfast: the key is \(member.person)'s, and not \(person.printable)'s")
                throw ExitStatus.dataError.exit
            }
            return member.person
        }
        let owner = chain.owner(of: key).map { "; it was \($0)'s" } ?? ""
        let what =
            chain.isRecoveryKey(key)
            ? "is a recovery key, which can only replace the roster" : "is not in the roster\(owner)"
        complain(
            "holdfast: the key of \(person?.printable ?? file?.printable ?? "--private-key"), \(key.hint.prefix(12))…, "
                + "\(what); `holdfast people show` lists the people and their keys")
        throw ExitStatus.dataError.exit
    }
}

/// The files that get the exact bytes of a statement.
struct BytesOptions: ParsableArguments {
    @Option(help: "Write the statement there, for people and tools to read; sign nothing.", completion: .file())
    var statement: String?
    @Option(
        help: "Write there the bytes that a key signs (DSSE's PAE of the statement); sign nothing.",
        completion: .file())
    var pae: String?
    @Option(help: "How long the statement is good for, 7d at most. [default: 7d]")
    var goodFor: GoodFor?

    var areWanted: Bool { statement != nil || pae != nil }

    /// The second after which the statement counts for nothing.
    var notAfter: Int { GoodFor.end(goodFor) }

    /// Writes the bytes, and tells the next steps.
    func write(_ statement: VetoStatement) throws {
        let payload = try accepted { () throws(VetoRefusal) in try statement.payload }
        if let file = self.statement { try GivenFile.write(file, payload) }
        if let file = pae { try GivenFile.write(file, SignedEnvelope.preAuthEncoding(payload)) }
    }

    /// The lines that say what to do with the files.
    /// - Parameter handIn: the command that takes the result, without the files.
    func steps(_ handIn: (_ statement: String, _ signature: String) -> String) -> String {
        let file = statement ?? pae ?? ""
        return """
            Nothing is signed and nothing is in force yet. Read it, then sign the bytes of --pae where the key is:
              openssl dgst -sha256 -sign KEY -out SIGNATURE \(pae?.printable ?? "PAE")
            and hand it in: \(handIn(file.printable, "SIGNATURE"))
            """
    }
}

/// A time for which a statement is good.
struct GoodFor: ExpressibleByArgument {
    var seconds: Int

    /// Nil, a usage error, if it is no time from 1m to 7d.
    init?(argument: String) {
        guard let duration = Duration(written: argument), duration >= .seconds(60),
            duration <= .seconds(VetoStatement.longest)
        else { return nil }
        seconds = Int(duration.components.seconds)
    }

    /// The second after which a statement counts for nothing.
    static func end(_ given: GoodFor?) -> Int { Int(UnixTime.now.seconds) + (given?.seconds ?? VetoStatement.longest) }
}
