import Encodings
import HoldfastServer
import Access
import ArgumentParser
import FoundationEssentials
import Settings

/// `holdfast keys list`
struct KeysList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the keys: names, scopes, limits; never the keys themselves.",
        usage: "holdfast keys list [<options>]",
        discussion: """
              holdfast keys list
              holdfast keys list --json | jq -r '.[] | select(.admin) | .name'
            """)

    @Flag(help: "Print a JSON array, for programs.")
    var json = false
    @OptionGroup var keys: KeyFileOption

    func run() throws {
        let file = try keys.keyFile()
        let records: [KeyRecord]
        do throws(KeyFileError) {
            records = try file.load()
        } catch {
            throw Keys.failure(error)
        }
        let entries = records.map { Entry($0, now: .now) }
        guard !json else {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return print(String(decoding: try encoder.encode(entries), as: UTF8.self))
        }
        guard !entries.isEmpty else {
            return print("No keys in \(file.path). `holdfast keys create --name NAME` makes one.")
        }
        print(Table(rows: [Entry.head] + entries.map(\.row)).text)
    }

    /// A key as it is shown.
    struct Entry: Encodable {
        enum State: String, Encodable { case active, expired, revoked }

        var id: String
        var name: String
        var tenant: String?
        var admin: Bool
        /// The key signs requests, and is never presented.
        var sigv4: Bool?
        /// The version of the server's key that its secret is made from.
        var serverKey: Int?
        var routes: [String]?
        var requestsPerMinute: Int?
        var tokensPerMinute: Int?
        var residency: [String]?
        var notLabs, notHosts, notRegions: [String]?
        var logprobs, logitBias: Bool?
        var forbid: [String]?
        /// Without its secret.
        var notify: String?
        var created: String
        var expires: String?
        var revoked: String?
        var state: State

        enum CodingKeys: String, CodingKey {
            case id, name, tenant, admin, sigv4, routes, residency, logprobs, forbid, notify, created, expires, revoked,
                state
            case serverKey = "server_key"
            case logitBias = "logit_bias"
            case requestsPerMinute = "requests_per_minute"
            case tokensPerMinute = "tokens_per_minute"
            case notLabs = "not_labs"
            case notHosts = "not_hosts"
            case notRegions = "not_regions"
        }

        init(_ record: KeyRecord, now: UnixTime) {
            id = record.id
            name = record.name
            tenant = record.tenant
            admin = record.admin
            if case .signature(let seed) = record.proof { (sigv4, serverKey) = (true, seed.version) }
            routes = record.routes?.sorted()
            requestsPerMinute = record.limits.requestsPerMinute
            tokensPerMinute = record.limits.tokensPerMinute
            residency = record.residency
            func some(_ names: [String]) -> [String]? { names.isEmpty ? nil : names }
            notLabs = some(record.exclusions.labs)
            notHosts = some(record.exclusions.hosts)
            notRegions = some(record.exclusions.regions)
            logprobs = record.disclosures.logprobs ? true : nil
            logitBias = record.disclosures.logitBias ? true : nil
            forbid = some(record.forbidden)
            switch record.notify {
            case .webhook(let name)?: notify = name
            case .url(let url, _)?: notify = url
            case nil: notify = nil
            }
            created = record.created.description
            expires = record.expires?.description
            revoked = record.revoked?.description
            state = record.revoked != nil ? .revoked : record.expires.map { $0 <= now } ?? false ? .expired : .active
        }

        static let head = ["ID", "NAME", "TENANT", "MAY USE", "LIMITS A MINUTE", "CREATED", "STATE"]

        var row: [String] {
            var scope = routes.map { $0.joined(separator: ",") } ?? "everything"
            if admin { scope += " +admin" }
            if sigv4 == true { scope += " +sigv4" }
            if logprobs == true { scope += " +logprobs" }
            if logitBias == true { scope += " +logit_bias" }
            if let residency { scope += " in \(residency.joined(separator: ","))" }
            for excluded in [notLabs, notHosts, notRegions] {
                if let excluded { scope += " not \(excluded.joined(separator: ","))" }
            }
            if let forbid { scope += " without \(forbid.joined(separator: ","))" }
            let limits = [requestsPerMinute.map { "\($0) requests" }, tokensPerMinute.map { "\($0) tokens" }]
            let limit = limits.compactMap { $0 }.joined(separator: ", ")
            var state = state.rawValue
            if let revoked {
                state += " \(Self.toTheMinute(revoked))"
            } else if let expires {
                state += ", ends \(Self.toTheMinute(expires))"
            }
            return [
                id, name, tenant ?? "-", scope, limit.isEmpty ? "-" : limit, Self.toTheMinute(created), state,
            ]
        }

        /// RFC 3339 in UTC, without its seconds.
        private static func toTheMinute(_ time: String) -> String {
            time.prefix(16).replacing("T", with: " ") + "Z"
        }
    }
}
