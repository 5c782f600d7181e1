import Access
import AdminAPI
import ArgumentParser
import Encodings
import Signing
import Veto
import Wire

/// A decision about one suspension.
enum VetoDecision: String, ExpressibleByArgument, CaseIterable {
    case restore, ratify, shorten

    /// The statement that people sign.
    /// - Parameter expires: the new end, for ``shorten``, in seconds since 1970.
    func statement(
        on suspension: Suspension, _ standing: SuspensionStanding, roster: Roster, notAfter: Int, expires: Int?,
        modelMayDiffer: Bool
    ) throws -> VetoStatement {
        let target = VetoTarget(suspension)
        let decision: VetoStatement.Decision =
            switch self {
            case .restore:
                .restore(target, RestoreConditions(attempt: standing.attempt, modelMayDiffer: modelMayDiffer))
            case .ratify: .ratify(target)
            case .shorten: .shorten(target, expires: expires ?? 0)
            }
        return VetoStatement(
            installation: roster.installation, roster: roster.version, notAfter: notAfter, decision: decision)
    }
}

/// The options that all decisions about one suspension share.
struct DecisionOptions: ParsableArguments {
    @Argument(help: "The suspension's id; `holdfast veto list` has them.")
    var id: String
    @OptionGroup var signing: SigningOptions
    @OptionGroup var server: ServerOption
    @Flag(help: "Print JSON, for programs.")
    var json = false

    /// Signs a decision and hands it in, or writes its bytes.
    func decide(_ decision: VetoDecision, expires: Expiry? = nil, modelMayDiffer: Bool = false) async throws {
        let desk = try SpoolDesk(try server.place())
        let roster = try desk.roster()
        let (suspension, standing) = try desk.suspension(id)
        let statement = try decision.statement(
            on: suspension, standing, roster: roster, notAfter: signing.bytes.notAfter,
            expires: decision == .shorten ? try desk.newEnd(expires, of: suspension) : nil,
            modelMayDiffer: modelMayDiffer)
        if signing.bytes.areWanted {
            try signing.bytes.write(statement)
            return complain(signing.bytes.steps { "holdfast veto accept \($0) --signature \($1) --as NAME" })
        }
        let key = try await signing.key()
        if let chain = desk.chain { _ = try signing.signer(key.publicKey, in: chain) }
        let signed = try accepted { () throws(VetoRefusal) in try SignedStatement(signing: statement, with: [key]) }
        let outcome = try await HandIn(desk: desk).take(signed)
        try tell(outcome, desk)
    }

    func tell(_ outcome: HandIn.Outcome, _ desk: SpoolDesk) throws {
        try VetoOutcome(outcome: outcome, desk: desk).tell(json: json)
    }
}

/// An outcome, told.
struct VetoOutcome {
    let outcome: HandIn.Outcome
    let desk: SpoolDesk

    func tell(json: Bool) throws {
        HandIn.explain(outcome.notice, desk.place.spool)
        guard !json else {
            return printJSON { json in
                json.member("decision", outcome.statement.decision.name)
                json.array("ids") { json in for number in outcome.numbers { json.value("S\(number)") } }
                if case .shorten(_, let expires) = outcome.statement.decision { json.member("expires", expires) }
                json.member("file", outcome.file)
                json.member("recorded", outcome.isRecorded)
            }
        }
        for event in outcome.events { if let line = event.line { print(line) } }
        for line in missing { print(line) }
    }

    /// The lines that say who else is needed for an effect.
    private var missing: [String] {
        guard let number = outcome.statement.number else { return [] }
        switch outcome.statement.decision {
        case .restore:
            guard !outcome.events.contains(where: { if case .verifying = $0 { true } else { false } }) else {
                return []
            }
            return ["One more person is needed: holdfast veto restore S\(number) --as NAME --private-key FILE"]
        case .shorten(_, let expires):
            guard !outcome.events.contains(where: { if case .shortened = $0 { true } else { false } }) else {
                return []
            }
            let end = StatusText.exact(expires)
            return [
                "One more person is needed, for the same end: holdfast veto shorten S\(number) --expires \(end) --as NAME "
                    + "--private-key FILE"
            ]
        case .ratify, .order, .found, .roster, .replace, .cancel: return []
        }
    }
}

/// `holdfast veto ratify`
struct VetoRatify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ratify", abstract: "Stand behind a suspension that somebody else has ordered.",
        usage: """
            holdfast veto ratify <id> --private-key <private-key> [<options>]
            holdfast veto ratify <id> --statement <file> --pae <file> [<options>]
            """,
        discussion: """
            A second person does that within the deadline (24h), else the suspension stands and is \
            marked, or lapses, after `veto: {unratified: …}` of the settings.

            Example: holdfast veto ratify S12 --as bob --private-key bob.key
            """)

    @OptionGroup var options: DecisionOptions

    func run() async throws { try await options.decide(.ratify) }
}

/// `holdfast veto restore`
struct VetoRestore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Approve that a suspension comes back; two people must.",
        usage: """
            holdfast veto restore <id> --private-key <private-key> [<options>]
            holdfast veto restore <id> --statement <file> --pae <file> [<options>]
            """,
        discussion: """
            Whoever pulled may be one of the two; the same person twice is refused. After the \
            second approval the gate asks the model itself, then lets a part of the requests \
            through, then all. If it fails, the suspension stands, and both approve again.

            Examples:
              holdfast veto restore S12 --as alice --private-key alice.key
              holdfast veto restore S12 --statement s12.json --pae s12.pae    # for a key elsewhere
            """)

    @OptionGroup var options: DecisionOptions
    @Flag(help: "It may return though the model may be another than before.")
    var modelMayDiffer = false

    func run() async throws { try await options.decide(.restore, modelMayDiffer: modelMayDiffer) }
}

/// `holdfast veto accept`
struct VetoAccept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept", abstract: "Hand in a statement that was signed elsewhere.",
        usage: "holdfast veto accept <file> [--signature <file> --as <as>] [<options>]",
        discussion: """
            FILE is a DSSE envelope, or the statement or its --pae with the raw signature beside \
            it (ECDSA in DER, as openssl writes it). What counts for nothing is refused with the \
            reason, and nothing is written.

            Examples:
              holdfast veto accept s12.dsse.json
              holdfast veto accept s12.json --signature s12.sig --as alice
            """)

    @Argument(help: "The envelope, the statement, or the bytes of --pae.", completion: .file())
    var file: String
    @OptionGroup var raw: RawSignature
    @OptionGroup var server: ServerOption
    @Flag(help: "Print JSON, for programs.")
    var json = false

    func run() async throws {
        let desk = try SpoolDesk(try server.place())
        let signed = try raw.statement(file, desk)
        let outcome = try await HandIn(desk: desk).take(signed)
        try VetoOutcome(outcome: outcome, desk: desk).tell(json: json)
    }
}

/// A raw signature over a statement that is in another file.
struct RawSignature: ParsableArguments {
    @Option(help: "The raw signature over the bytes of --pae (DER).", completion: .file())
    var signature: String?
    @Option(name: .customLong("as"), help: "The person who made it. [default: found by the keys of the roster]")
    var person: String?

    /// Reads the file of a statement together with its signatures.
    /// - Throws: an exit code, once the reason has been printed.
    func statement(_ path: String, _ desk: SpoolDesk) throws -> SignedStatement {
        try GivenStatement(path, signature: signature, of: person).signed(by: desk)
    }
}

/// A statement in a file, and the raw signature over it in another, where it
/// has none inside.
struct GivenStatement {
    let path: String
    let signature: String?
    let person: String?

    /// - Parameter person: the one who made the raw signature; nil is anybody
    ///   of the roster.
    init(_ path: String, signature: String?, of person: String?) {
        self.path = path
        self.signature = signature
        self.person = person
    }

    /// - Throws: an exit code, once the reason has been printed.
    func signed(by desk: SpoolDesk) throws -> SignedStatement {
        var file = try StatementFile(at: path)
        if let signature {
            let bytes = try GivenFile.read(signature, limit: 4096)
            file.add(bytes, by: try key(of: bytes, over: file, desk))
        } else if file.signatures.isEmpty {
            complain(
                "holdfast: \(path.printable) is not signed; give the signature with --signature FILE, or a DSSE envelope"
            )
            throw ExitStatus.usage.exit
        }
        return try accepted { () throws(VetoRefusal) in try SignedStatement(file.envelope) }
    }

    private func key(of bytes: [UInt8], over file: StatementFile, _ desk: SpoolDesk) throws -> ECPublicKey {
        // A newcomer's key is in no roster yet but in the one that is signed.
        let brought = (try? VetoStatement(unverified: file.payload))?.brought
        if brought == nil { _ = try desk.roster() }
        let keys =
            (desk.chain?.keys ?? []).filter { person == nil || desk.chain?.owner(of: $0) == person }
            + (brought?.people ?? []).filter { person == nil || $0.name == person }.flatMap(\.keys)
        if let key = keys.first(where: { $0.isValid(bytes, of: file.encoding) }) { return key }
        let who = person.map { "\($0.printable)'s" } ?? "of anybody in the roster"
        complain(
            "holdfast: the signature is not \(who) over these bytes; see that the same bytes were signed (--pae), with "
                + "-sha256 for P-256 and -sha384 for P-384")
        throw ExitStatus.dataError.exit
    }
}

extension StatementFile {
    /// Reads a file that the command line names.
    /// - Throws: an exit code, once the reason has been printed.
    init(at path: String) throws {
        let bytes = try GivenFile.read(path, limit: StatementFile.longest)
        do throws(SigningProblem) {
            try self.init(bytes)
        } catch {
            complain("holdfast: \(path.printable): \(error)")
            throw ExitStatus.dataError.exit
        }
    }
}
