import AdminAPI
import Encodings
import HoldfastServer
import Access
import ArgumentParser
import Routing
import Settings
import Wire

/// `holdfast keys create`
struct KeysCreate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a key and show it, this once.",
        discussion: """
            Without --routes the key may ask for every route and for any
            provider/model; with it, for those routes and nothing else. Limits
            hold for the key as a whole: a request over one is answered 429 with
            retry-after.

            Of models that Holdfast hosts a key is told answers and nothing else.
            --logprobs and --logit-bias open what a model's weights can be
            measured by; both are metered, for the key and for its tenant.

            --sigv4 makes a pair of an access key id and a secret instead, with
            which AWS's SDKs sign requests to Bedrock's API. The secret is made
            from the server's key, a file of its own, and is not stored.

              holdfast keys create --name search --routes assistant --rpm 120
              holdfast keys create --name visitor --expires 30d
              export OPENAI_API_KEY=$(holdfast keys create --name laptop --quiet)
              export $(holdfast keys create --name batch --sigv4 --quiet)
            """)

    @Option(help: "What people call it; unique among the keys that count.")
    var name: String
    @Option(help: "Whose it is, where one Holdfast serves several.")
    var tenant: String?
    @Option(help: "The routes it may use, separated by commas. [default: all, and provider/model]")
    var routes: NameList?
    @Option(help: "Requests a minute. [default: no limit]")
    var rpm: Int?
    @Option(help: "Tokens a minute, prompts and answers together. [default: no limit]")
    var tpm: Int?
    @Option(help: "The regions its requests may be served in, separated by commas. [default: anywhere]")
    var residency: NameList?
    @Option(help: "Labs whose models may not serve it, separated by commas.")
    var notLabs: NameList?
    @Option(help: "Hosts that may not serve it, separated by commas.")
    var notHosts: NameList?
    @Option(help: "Regions that may not serve it, separated by commas.")
    var notRegions: NameList?
    @Option(help: "Top-level members its requests may not have, separated by commas, such as service_tier,store.")
    var forbid: NameList?
    @Option(help: "When it ends: 2027-01-31, 2027-01-31T18:00:00Z, or 30d from now. [default: never]")
    var expires: Expiry?
    @Flag(help: "Tell it log-probabilities of hosted models: rounded, five at most, metered.")
    var logprobs = false
    @Flag(help: "Let it bias tokens of hosted models; metered.")
    var logitBias = false
    @Option(help: "A webhook of `alerts`, or an address, that is told of suspensions and retirements of its models.")
    var notify: String?
    @Flag(help: "Make a key for the admin listener.")
    var admin = false
    @Flag(name: .customLong("sigv4"), help: "Make a key that signs requests, as AWS's SDKs do (Signature Version 4).")
    var signs = false
    @Option(
        help: """
            The file of the server's key, with --sigv4; made where it is missing. \
            [default: as the settings say, or server-key beside the key file]
            """)
    var serverKey: String?
    @Flag(name: [.long, .short], help: "Print the key and nothing else.")
    var quiet = false
    @Flag(help: "Print JSON, for programs: the key, its id and its name.")
    var json = false
    @OptionGroup var keys: KeyFileOption

    func validate() throws {
        let isPrintable = name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        guard !name.isEmpty, name.count <= 100, isPrintable else {
            throw ValidationError("--name must be 1 to 100 printable characters")
        }
        if let rpm, !(1...1_000_000_000).contains(rpm) { throw ValidationError("--rpm must be 1 or more") }
        if let tpm, !(1...1_000_000_000_000).contains(tpm) { throw ValidationError("--tpm must be 1 or more") }
        for member in forbid?.names ?? [] {
            if let objection = ForbiddenMember.objection(to: member) {
                throw ValidationError("--forbid: \"\(member)\" \(objection)")
            }
        }
        if let notify, notify.contains(":") ? !KeyNotice.isAddress(notify) : notify.isEmpty {
            throw ValidationError("--notify must be the name of a webhook, or begin with https:// (or http://)")
        }
        if signs && admin {
            throw ValidationError("--sigv4 does not go with --admin: administrators' keys are presented")
        }
        if serverKey != nil && !signs { throw ValidationError("--server-key is of no use without --sigv4") }
        if let expires, expires.time <= .now { throw ValidationError("--expires \(expires.time) is in the past") }
    }

    func run() throws {
        let file = try keys.keyFile()
        warn()
        let notice = notify.map(Self.notice)
        let made = signs ? try makeSigner(file, notice) : try makeKey(file, notice)
        show(made, file, notice)
    }

    private func makeKey(_ file: KeyFile, _ notice: KeyNotice?) throws -> Made {
        let secret = KeySecret(admin: admin)
        let record = permitted(
            KeyRecord(name: name, digest: secret.digest, admin: admin, notify: notice, created: .now))
        try store(in: file) { creates throws(KeyFileError) in try file.append(record, creates: creates) }
        return Made(record: record, key: secret.reveal(), secret: nil)
    }

    private func makeSigner(_ file: KeyFile, _ notice: KeyNotice?) throws -> Made {
        let serverKeyFile = try keys.serverKeyFile(serverKey)
        let (record, secret) = try store(in: file) { creates throws(KeyFileError) in
            try file.append(from: serverKeyFile, creates: creates) { seed in
                permitted(KeyRecord(name: name, id: SigningKeyID(), seed: seed, notify: notice, created: .now))
            }
        }
        return Made(record: record, key: record.id, secret: secret)
    }

    /// The record with all that the options say of what the key may do.
    private func permitted(_ record: KeyRecord) -> KeyRecord {
        var record = record
        record.tenant = tenant
        record.routes = routes.map { Set($0.names) }
        record.limits = RateLimits(requestsPerMinute: rpm, tokensPerMinute: tpm)
        record.residency = residency?.names
        record.exclusions = Exclusions(
            labs: notLabs?.names ?? [], hosts: notHosts?.names ?? [], regions: notRegions?.names ?? [])
        record.disclosures = Disclosures(logprobs: logprobs, logitBias: logitBias)
        record.forbidden = forbid?.names ?? []
        record.expires = expires?.time
        return record
    }

    /// - Throws: an exit code, once the reason has been printed.
    private func store<Result>(
        in file: KeyFile, _ change: (_ creates: Bool) throws(KeyFileError) -> Result
    ) throws -> Result {
        let server = keys.server(with: file)
        do throws(KeyFileError) {
            return try change(server == nil)
        } catch {
            explain(error, server)
            throw Keys.failure(error)
        }
    }

    private func show(_ made: Made, _ file: KeyFile, _ notice: KeyNotice?) {
        guard !json else {
            return printJSON { json in
                if let secret = made.secret {
                    json.member("access_key_id", made.key)
                    json.member("secret_access_key", secret)
                } else {
                    json.member("key", made.key)
                }
                json.member("id", made.record.id)
                json.member("name", name)
                if case .url(_, let secret)? = notice { json.member("notify_secret", secret) }
            }
        }
        guard !quiet else { return print(made.text) }
        let kept = made.secret == nil ? "its hash" : "what the secret is made from, but for the server's key"
        print(
            """
            \(made.text)

            Keep it now: it is not shown again. \(file.path) has \(kept), as \(made.record.id) (\(name)).
            """)
        if case .url(_, let secret)? = notice {
            print("Notices are signed (Standard Webhooks) with the secret \(secret)")
        }
    }
}

/// A key that was made.
private struct Made {
    var record: KeyRecord
    /// The key, or the id of one that signs.
    var key: String
    /// Nil for a key that is presented.
    var secret: String?

    /// The text that its owner gets: of a key that signs, the variables that AWS's SDKs
    /// read.
    var text: String {
        guard let secret else { return key }
        return "AWS_ACCESS_KEY_ID=\(key)\nAWS_SECRET_ACCESS_KEY=\(secret)"
    }
}

extension KeysCreate {
    /// An address gets a secret of its own: the receiver knows by it whose
    /// notices they are.
    private static func notice(_ text: String) -> KeyNotice {
        guard text.contains(":") else { return .webhook(text) }
        var bytes = SystemRandomNumberGenerator()
        let key = (0..<32).map { _ in UInt8.random(in: 0...255, using: &bytes) }
        return .url(text, secret: "whsec_\(Base64.encode(key))")
    }

    /// Says what a new file would have taken away.
    private func explain(_ error: KeyFileError, _ server: EffectiveView?) {
        switch error {
        case .gone, .emptied:
            let keys = server?.keys.map { $0 == 1 ? "1 key" : "\($0) keys" }
            let inForce = server.flatMap { server in
                keys.map { "; the Holdfast that runs (process \(server.pid)) still has \($0) in force" }
            }
            complain("holdfast: no key is made: it would be the only one of its file\(inForce ?? "")")
        case .file, .invalid, .nameTaken, .unknown, .ambiguous, .alreadyRevoked, .serverKey: break
        }
    }

    /// Warns of names that the settings don't know, as far as they can be read.
    private func warn() {
        guard keys.file == nil, let settings = keys.server.settings() else { return }
        for route in routes?.names ?? [] where !settings.routes.contains(where: { $0.name == route }) {
            let hint =
                switch settings.routeTable.resolve(route) {
                case .unknown(suggestion: let suggestion?): "; did you mean \"\(suggestion)\"?"
                default: ""
                }
            complain("warning: \(settings.file) has no route \"\(route)\" yet\(hint)")
        }
        if let notify, !notify.contains(":"), !settings.webhooks.contains(where: { $0.name == notify }) {
            complain("warning: \(settings.file) has no webhook \"\(notify)\" yet")
        }
        for region in residency?.names ?? [] {
            if let objection = settings.objection(toRegion: region) { complain("warning: --residency: \(objection)") }
        }
    }
}

/// Names separated by commas.
struct NameList: ExpressibleByArgument {
    var names: [String]

    /// Nil, a usage error, if there is no name or an empty one.
    init?(argument: String) {
        names = argument.split(separator: ",", omittingEmptySubsequences: false).map { name in
            String(name.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        if names.contains("") { return nil }
    }
}

/// A date, or a time from now.
struct Expiry: ExpressibleByArgument {
    var time: UnixTime
    /// True where it was written as a time from now, which is another one for
    /// each command.
    var isFromNow = false

    /// Nil, a usage error, if it is neither.
    init?(argument: String) {
        if let time = UnixTime(argument) {
            self.time = time
        } else if let duration = Duration(written: argument) {
            time = .now + duration
            isFromNow = true
        } else {
            return nil
        }
    }
}
