import AdminAPI
import ArgumentParser
import Access
import Encodings
import HoldfastServer
import Settings
import Signing
import Veto
import Wire

/// `holdfast veto pull`
struct VetoPull: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Suspend what SCOPE names, now; one person is enough.",
        usage: """
            holdfast veto pull <scope> ... --reason <reason> --text <text>
              --as <as> --private-key <private-key> [<options>]
            holdfast veto pull <scope> ... --reason <reason> --text <text>
              --as <as> --statement <file> --pae <file> [<options>]
            holdfast veto pull --signed <file> [<options>]
            """,
        discussion: """
            A SCOPE is one of
              model:PROVIDER/MODEL   weights:MODEL@EPOCH   lab:NAME   host:NAME   region:NAME
              route:NAME             key:ID
            Several make one suspension. It covers direct names, probes, hedges, lists of models \
            and drills. The order is on the disk before the server is told, so that it works while \
            the server hangs or is down. Start with --dry-run: it says what would be hit.

            Examples:
              holdfast veto pull lab:example --reason legal --basis recall --text "…" --dry-run
              holdfast veto pull model:openai/gpt-4o --reason security --text "leaks prompts" \\
                --as alice --private-key alice.key
              holdfast veto pull route:assistant --mode drain --expires 2h --reason quality \\
                --text "wrong answers" --as alice --private-key alice.key

            With a key that is elsewhere:
              holdfast veto pull lab:example --reason other --text "…" --as alice \\
                --statement order.json --pae order.pae
              openssl dgst -sha256 -sign alice.key -out order.sig order.pae
              holdfast veto pull --statement order.json --signed order.sig --as alice
            """)

    @Argument(help: "What is suspended: model:openai/gpt-4o, lab:anthropic, route:assistant, …")
    var scopes: [String] = []
    @OptionGroup var terms: PullTerms
    @OptionGroup var signing: SigningOptions
    @Option(
        help: "An order that was signed elsewhere: a DSSE envelope, or the raw signature over --statement's.",
        completion: .file())
    var signed: String?
    @Flag(help: "Say what it would hit, and suspend nothing.")
    var dryRun = false
    @Flag(help: "Suspend it though a route is left without anybody.")
    var yes = false
    @Flag(help: "Print JSON, for programs.")
    var json = false
    @OptionGroup var server: ServerOption

    func validate() throws {
        if signed != nil {
            guard scopes.isEmpty else {
                throw ValidationError("--signed hands in an order that has its scopes already")
            }
            guard signing.privateKey == nil else {
                throw ValidationError("--signed is signed already: no --private-key")
            }
            return
        }
        guard !scopes.isEmpty else {
            throw ValidationError("name what is suspended: SCOPE, such as model:openai/gpt-4o or route:assistant")
        }
        for scope in scopes { try Self.check(scope) }
        guard Set(scopes).count == scopes.count else { throw ValidationError("a scope is there twice") }
        try terms.check()
    }

    private static func check(_ scope: String) throws {
        guard SuspendedScope(scope) == nil else { return }
        let shown = scope.printable.prefix(80)
        if scope.contains("/"), !scope.prefix(while: { $0 != "/" }).contains(":") {
            throw ValidationError("\"\(shown)\" is no scope; did you mean model:\(shown)?")
        }
        let kinds = SuspendedScope.kinds.joined(separator: ", ")
        throw ValidationError(
            "\"\(shown)\" is no scope: write KIND:VALUE with one of \(kinds); a model is model:PROVIDER/MODEL, weights are "
                + "weights:MODEL@EPOCH")
    }

    func run() async throws {
        let place = try server.place()
        if signed != nil { return try await handIn(place) }
        let scopes = scopes.compactMap { SuspendedScope($0) }
        let effect = try await place.effect(of: scopes)
        warn(of: scopes, place)
        if dryRun { return tellDryRun(effect) }
        try weigh(effect)

        let desk = try SpoolDesk(place)
        let roster = try desk.roster()
        let key = signing.bytes.areWanted ? nil : try await signing.key()
        let person = try orderer(key?.publicKey, desk)
        let statement = VetoStatement(
            installation: roster.installation, roster: roster.version, notAfter: signing.bytes.notAfter,
            decision: .order(terms.suspensions(scopes, by: person, roster: roster.version, place)))
        guard let key else {
            try signing.bytes.write(statement)
            return complain(
                signing.bytes.steps { "holdfast veto pull --statement \($0) --signed \($1) --as \(person)" })
        }
        let signed = try accepted { () throws(VetoRefusal) in try SignedStatement(signing: statement, with: [key]) }
        tell(try await HandIn(desk: desk).take(signed), effect, desk)
    }

    /// The person of the roster who orders.
    private func orderer(_ key: ECPublicKey?, _ desk: SpoolDesk) throws -> String {
        if let key, let chain = desk.chain { return try signing.signer(key, in: chain) }
        guard let person = signing.person else {
            complain("holdfast: the order says who orders: --as NAME; `holdfast people show` lists the people")
            throw ExitStatus.usage.exit
        }
        guard try desk.roster().people.contains(where: { $0.name == person }) else {
            complain("holdfast: \(person.printable) is not in the roster; `holdfast people show` lists the people")
            throw ExitStatus.dataError.exit
        }
        return person
    }

    // MARK: Signed elsewhere

    private func handIn(_ place: VetoPlace) async throws {
        guard let signed else { return }
        let desk = try SpoolDesk(place)
        let statement: SignedStatement
        if let file = signing.bytes.statement ?? signing.bytes.pae {
            statement = try GivenStatement(file, signature: signed, of: signing.person).signed(by: desk)
        } else {
            statement = try GivenStatement(signed, signature: nil, of: nil).signed(by: desk)
        }
        let (verified, _) = try accepted { () throws(VetoRefusal) in try desk.judge(statement) }
        guard case .order(let suspensions) = verified.statement.decision else {
            complain(
                "holdfast: \(signed.printable) is no order but \"\(verified.statement.decision.name)\"; hand it in with "
                    + "`holdfast veto accept`")
            throw ExitStatus.usage.exit
        }
        let effect = try await place.effect(of: suspensions.flatMap(\.scopes))
        if dryRun { return tellDryRun(effect) }
        try weigh(effect)
        tell(try await HandIn(desk: desk).take(statement), effect, desk)
    }

    // MARK: Telling

    /// Warns of scopes that stop nothing: the order counts all the same.
    private func warn(of scopes: [SuspendedScope], _ place: VetoPlace) {
        guard let settings = place.settings else { return }
        let objections = VetoEffect.objections(
            to: scopes, providers: settings.providers.map(\.facts), routes: settings.routes)
        for objection in objections { complain("warning: \(objection)") }
    }

    /// - Throws: an exit code where a route would be left without anybody, and
    ///   nobody has said yes to that.
    private func weigh(_ effect: SuspensionEffectView) throws {
        guard !effect.emptied.isEmpty, !yes else { return }
        for line in effect.lines { complain(line) }
        complain(
            "holdfast: nothing is suspended: \(effect.emptied.map(\.printable).joined(separator: ", ")) would be left "
                + "without anybody. --yes suspends it all the same.")
        throw ExitStatus.usage.exit
    }

    private func tellDryRun(_ effect: SuspensionEffectView) {
        guard !json else {
            return printJSON { json in
                json.member("dry_run", true)
                Self.write(effect, to: &json)
            }
        }
        for line in effect.lines { print(line) }
        print("Nothing is suspended: this was a dry run." + (effect.emptied.isEmpty ? "" : " The pull needs --yes."))
    }

    private func tell(_ outcome: HandIn.Outcome, _ effect: SuspensionEffectView, _ desk: SpoolDesk) {
        let ids = outcome.numbers.map { "S\($0)" }
        let ordered = outcome.statement.suspensions.first?.ordered ?? Int(UnixTime.now.seconds)
        let until = ordered + desk.place.ratifyWithin
        HandIn.explain(outcome.notice, desk.place.spool)
        guard !json else {
            return printJSON { json in
                json.array("ids") { json in for id in ids { json.value(id) } }
                json.array("digests") { json in
                    for suspension in outcome.statement.suspensions { json.value(Hex.encode(suspension.digest)) }
                }
                json.member("file", outcome.file)
                json.member("recorded", outcome.isRecorded)
                json.member("ratify_until", until)
                Self.write(effect, to: &json)
            }
        }
        let names = ids.joined(separator: ", ")
        print("\(names): \(scopesText(outcome)) \(ids.count == 1 ? "is" : "are") suspended.")
        for line in effect.lines { print(line) }
        print(
            "A second person ratifies it until \(StatusText.moment(until)): holdfast veto ratify \(ids[0]) --as NAME --private-key FILE"
        )
        print("Two people bring it back, each: holdfast veto restore \(ids[0]) --as NAME --private-key FILE")
    }

    private func scopesText(_ outcome: HandIn.Outcome) -> String {
        let scopes = outcome.statement.suspensions.flatMap(\.scopes).map(\.text.printable)
        let few = scopes.prefix(4).joined(separator: ", ")
        return scopes.count > 4 ? "\(few) and \(scopes.count - 4) more" : few
    }

    private static func write(_ effect: SuspensionEffectView, to json: inout JSONWriter) {
        json.array("routes") { json in
            for route in effect.routes {
                json.object { json in
                    json.member("name", route.name)
                    json.array("lost") { json in for name in route.lost { json.value(name) } }
                    json.array("left") { json in for name in route.left { json.value(name) } }
                    if let running = route.running { json.member("running", running) }
                }
            }
        }
        if let streams = effect.streams { json.member("streams", streams) }
        if let requests = effect.requests { json.member("requests", requests) }
        if let keys = effect.keys { json.array("keys") { json in for key in keys { json.value(key) } } }
    }
}

/// The terms of an order.
struct PullTerms: ParsableArguments {
    @Option(help: "Why: security, legal, quality, cost or other.")
    var reason: SuspensionReason.Code?
    @Option(help: "The legal basis, such as a recall; with --reason legal.")
    var basis: String?
    @Option(help: "What people should know. Callers are told it with --public only.")
    var text: String?
    @Option(help: "A reference to evidence, such as a ticket. Callers are never told.")
    var evidence: String?
    @Option(help: "What becomes of running requests: cut ends them now, drain lets them finish for a while.")
    var mode = Suspension.Mode.cut
    @Option(help: "With --mode drain: how long, such as 30s or 10m. [default: the settings' veto.drain, 30s]")
    var drainLimit: DrainLimit?
    @Flag(help: "Streams that are cut don't go on with a standby.")
    var noContinuation = false
    @Option(help: "When it ends by itself: 2h, or 2027-01-31T18:00:00Z. [default: only people end it]")
    var expires: Expiry?
    @Flag(name: .customLong("public"), help: "Callers and the published status are told the text.")
    var isPublic = false
    @Flag(help: "Make one suspension of each scope, which come back one by one.")
    var each = false

    /// - Throws: a usage error.
    func check() throws {
        guard let reason else { throw ValidationError("--reason says why: security, legal, quality, cost or other") }
        guard let text, !text.isEmpty else { throw ValidationError("--text says it in words, for people") }
        if reason == .legal, basis == nil { throw ValidationError("--reason legal needs its basis: --basis recall") }
        if reason != .legal, basis != nil { throw ValidationError("--basis goes with --reason legal") }
        for (name, value) in [("--text", text), ("--basis", basis ?? "-"), ("--evidence", evidence ?? "-")] {
            let isLine = !value.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
            guard isLine, !value.isEmpty, value.utf8.count <= Suspension.longestText else {
                throw ValidationError("\(name) must be one line of 1 to \(Suspension.longestText) bytes")
            }
        }
        if mode != .drain, drainLimit != nil { throw ValidationError("--drain-limit goes with --mode drain") }
        if let expires, expires.time <= .now { throw ValidationError("--expires \(expires.time) is in the past") }
    }

    /// The suspensions of the order, as people sign them; checked before.
    func suspensions(
        _ scopes: [SuspendedScope], by person: String, roster: Int, _ place: VetoPlace
    ) -> [Suspension] {
        let reason = SuspensionReason(
            reason ?? .other, basis: basis, text: text ?? "", evidence: evidence, isPublic: isPublic)
        let drain = drainLimit?.seconds ?? place.settings.map { Int($0.veto.drain.components.seconds) } ?? 30
        let now = Int(UnixTime.now.seconds)
        return (each ? scopes.map { [$0] } : [scopes]).map { scopes in
            Suspension(
                number: 0, scopes: scopes, mode: mode, drainLimit: drain, mayContinue: !noContinuation, reason: reason,
                orderer: .person(person), ordered: now, expires: expires.map { Int($0.time.seconds) }, roster: roster,
                nonce: Nonce.make())
        }
    }
}

/// The time that running requests have.
struct DrainLimit: ExpressibleByArgument {
    var seconds: Int

    /// Nil, a usage error, if it is no time from 0 s to 1 h.
    init?(argument: String) {
        guard let duration = Duration(written: argument), duration >= .zero,
            duration <= .seconds(Suspension.longestDrain)
        else { return nil }
        seconds = Int(duration.components.seconds)
    }
}

extension SuspensionReason.Code: ExpressibleByArgument {}
extension Suspension.Mode: ExpressibleByArgument {}

extension VetoStatement {
    /// Those of an order; none for others.
    var suspensions: [Suspension] {
        guard case .order(let suspensions) = decision else { return [] }
        return suspensions
    }
}
