package import Ledger
package import Routing

/// The settings of one `holdfast.yaml`, checked and with all defaults filled in.
///
/// Everything that can be configured is in this value.
/// ``Settings/read(_:file:environment:isReadable:othersCanRead:now:)`` makes it from a file's bytes and reports all
/// problems of the file at once, so that a value never contains an invalid setting.
///
/// A value: two readings can be compared to see the changes of an edit. Paths are joined to the folder that contains
/// the file. Descriptions contain no secrets.
package struct Settings: Sendable, Hashable {
    /// The file it came from, as the caller named it.
    package var file: String
    /// `listen`: the address to which applications connect; 127.0.0.1:8080 by default.
    package var listen: ListenAddress
    /// `tls`: makes `listen` HTTPS; nil is HTTP.
    package var tls: TLSFiles?
    /// `admin`: the listener for admin keys; nil, the default, is none.
    package var admin: ListenAddress?
    /// `keys`: the callers that may connect.
    package var keys: KeysSetting
    /// `cors: {origins}`: web pages that may use `listen`, such as
    /// `https://app.example.com`; none by default.
    package var origins: [String]
    /// `hosts`: names beside the loopback ones under which a Holdfast without
    /// keys is reached.
    package var hosts: [String]
    /// `providers`, in the order of the file, the skipped ones too.
    package var providers: [ProviderSettings]
    /// `routes`, in the order of the file.
    package var routes: [Route]
    /// Entries of `routes` that are another one's name: names and patterns
    /// under which requests may ask for a route.
    package var aliases: [RouteAlias]
    /// `limits`
    package var limits: ServerLimits
    /// `log`
    package var log: LogSettings
    /// `metrics`
    package var metrics: MetricsSettings
    /// `data: {directory}`: the directory of the data that Holdfast keeps; `.holdfast/data` by default.
    package var dataDirectory: String
    /// `run: {directory}`: the directory of the files that exist as long as the process; nil is `.holdfast/run` beside
    /// the file.
    package var runDirectory: String?
    /// `ledger`: the public record; nil, where the section is missing, is
    /// none.
    package var ledger: LedgerSettings?
    /// `status_page`: the public status; nil is none.
    package var statusPage: StatusPageSettings?
    /// `alerts: {webhooks}`: the receivers of alerts, in the order of the file.
    package var webhooks: [Webhook]
    /// `alerts: {every}`: the period at which error budgets are checked; 1 min by default.
    package var alertPeriod: Duration
    /// `alerts: {instance}`: this Holdfast's name in alerts; `listen` by
    /// default.
    package var instance: String
    /// `alerts: {link}`: the page that alerts link to; the status page of
    /// `listen` by default.
    package var link: String
    /// `supervision`: the judge that stands over models.
    package var supervision = SupervisionSettings()
    /// `veto`: suspensions, and the way back from them.
    package var veto: VetoSettings
    /// `standards`: the file of what models must satisfy to serve; nil is none.
    package var standardsFile: String?

    /// Every name that a request may give as its model.
    package var routeTable: RouteTable {
        RouteTable(providers: providers.map(\.facts), routes: routes, aliases: aliases)
    }

    /// The key file; nil where keys are switched off.
    package var keyFile: String? {
        guard case .file(let path, _) = keys else { return nil }
        return path
    }

    /// The file of the server's key; nil where keys are switched off.
    package var serverKeyFile: String? {
        guard case .file(_, let path) = keys else { return nil }
        return path
    }
}

/// `tls: {cert, key}`: PEM files.
package struct TLSFiles: Sendable, Hashable {
    /// The certificate and those between it and the root.
    package var certificate: String
    /// The private key of the certificate.
    package var key: String
    /// `minimum`: the oldest version that is spoken; 1.2 by default.
    package var minimum = TLSMinimum.v12
}

/// `tls.minimum`: the oldest version of TLS that is accepted; versions before 1.2 are broken.
package enum TLSMinimum: String, Sendable, Hashable, CaseIterable {
    case v12 = "1.2"
    case v13 = "1.3"
}

/// The value of `keys`: the callers that may connect.
package enum KeysSetting: Sendable, Hashable {
    /// `{file: PATH, server_key: PATH}`: callers with a key of this file. The
    /// default, with `.holdfast/keys.yaml`.
    /// - Parameter serverKey: The file that the secrets of signing keys come
    ///   from; `server-key` beside the key file by default.
    case file(String, serverKey: String)
    /// `none`: everybody; only where every listener is on loopback.
    case none
}

/// `ledger`
package struct LedgerSettings: Sendable, Hashable {
    /// The kinds of entries that are recorded; administrators' actions always are.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case requests, holds, drills, configuration
    }

    /// The treatment of requests while no more entries may wait.
    package enum WhenFull: String, Sendable, Hashable, CaseIterable {
        /// The requests are delayed.
        case block
        /// New ones are refused with 503.
        case refuse
    }

    /// `name`: the log's name in its checkpoints, such as
    /// `ledger.example.com`.
    package var name: String
    /// `directory`: `ledger` in the data directory by default.
    package var directory: String
    /// `record`: all kinds by default.
    package var kinds = Set(Kind.allCases)
    /// `when_full`: block by default.
    package var whenFull = WhenFull.block
    /// `serve`: true if `GET /ledger/…` answers with its public files; true by default.
    package var isServed = true
    /// `witnesses`: the witnesses that are asked to cosign its checkpoints.
    package var witnesses: [WitnessSettings] = []
    /// `policy`: a C2SP tlog-policy; its witnesses with an address are asked,
    /// too, and its quorum is the one that counts. By default all witnesses
    /// are.
    package var policyFile: String?

    package init(name: String, directory: String) {
        self.name = name
        self.directory = directory
    }
}

/// `ledger.witnesses`: one of them.
package struct WitnessSettings: Sendable, Hashable {
    /// `url`: the prefix of its `add-checkpoint`.
    package var url: BaseURL
    /// `vkey`: its public key.
    package var key: VerifierKey

    package init(url: BaseURL, key: VerifierKey) {
        self.url = url
        self.key = key
    }
}

/// `status_page`
package struct StatusPageSettings: Sendable, Hashable {
    /// `title`: the page's title, which names its operator.
    package var title = "Holdfast"
}

/// One of `alerts: {webhooks}`.
package struct Webhook: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A route uses up its error budget too fast.
        case burn
        /// A model or a key is held, or let go.
        case hold
        /// A drill that didn't pass.
        case drill
        /// Weights that aren't those that were signed.
        case custody
        /// Suspensions and the roster.
        case veto
        /// A standard is breached, met again, or says nothing.
        case standards
    }

    /// The key under `webhooks`.
    package var name: String
    /// `url`; such addresses often hold a token.
    package var url: Secret
    /// `secret`: the secret with which messages are signed (Standard Webhooks): `whsec_` and base64, or any other text
    /// of 24 bytes or more.
    package var secret: Secret
    /// `on`: all kinds by default.
    package var kinds = Set(Kind.allCases)

    package init(name: String, url: Secret, secret: Secret) {
        self.name = name
        self.url = url
        self.secret = secret
    }
}

/// `limits`
package struct ServerLimits: Sendable, Hashable {
    /// `body`: the longest request body, in bytes; 32 MiB by default.
    package var body = 32 << 20
    /// `bodies`: the bodies of all requests at once, in bytes; 512 MiB by
    /// default. Those of up to 64 KiB are not counted.
    package var bodies = 512 << 20
    /// `unread_answers`: all that waits to be read by callers, in bytes;
    /// 256 MiB by default.
    package var unreadAnswers = 256 << 20
    /// `minimum_rate`: bytes a second that a request's body must bring, and
    /// that a caller must take where more waits than `unread_answers`; 1 KiB
    /// by default.
    package var minimumRate = 1 << 10
    /// `continuation`: the most bytes of one stream that are remembered so that another candidate can continue it; 4
    /// MiB by default.
    package var continuation = 4 << 20
    /// `drain`: the longest time that running requests may continue after SIGTERM; 30 s by default.
    package var drain = Duration.seconds(30)

    /// Creates the limits that apply if the file sets none.
    package init() {}
}

/// `log`
package struct LogSettings: Sendable, Hashable {
    /// The format of a line.
    package enum Format: String, Sendable, Hashable, CaseIterable {
        /// For people: time, level, message, then what belongs to it.
        case human
        /// One JSON object a line.
        case json
    }

    /// The least severe level that is written; names as in swift-log.
    package enum Level: String, Sendable, Hashable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    /// `format`: human by default.
    package var format = Format.human
    /// `level`: info by default.
    package var level = Level.info
    /// `requests`: true if every request gets a line; true by default.
    package var requests = true
}

/// `metrics`
package struct MetricsSettings: Sendable, Hashable {
    /// The listener that serves `/metrics`.
    package enum Listener: String, Sendable, Hashable, CaseIterable {
        /// The admin one; where there is none, metrics are not served.
        case admin
        /// The one that applications use.
        case main
    }

    /// `on`: admin by default.
    package var listener = Listener.admin
    /// `open`: true if no key is required; false by default.
    package var isOpen = false
}
