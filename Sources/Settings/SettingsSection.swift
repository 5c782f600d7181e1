/// A section of the settings file: a key of its top level.
///
/// The one table of sections: the reader refuses all others, a reload names
/// those that wait for the next start, and the ledger those that an edit has
/// changed.
package struct SettingsSection: Sendable {
    /// The time at which an edit of it takes effect.
    package enum Effect: Sendable, Hashable {
        /// At once, without dropping a request.
        case live
        case nextStart
    }

    package let name: String
    package let effect: Effect
    private let isEqual: @Sendable (Settings, Settings) -> Bool

    private init(_ name: String, _ effect: Effect, _ isEqual: @escaping @Sendable (Settings, Settings) -> Bool) {
        self.name = name
        self.effect = effect
        self.isEqual = isEqual
    }

    private init(_ name: String, _ effect: Effect, _ value: @escaping @Sendable (Settings) -> some Equatable) {
        self.init(name, effect) { value($0) == value($1) }
    }

    package static let all: [SettingsSection] = [
        .init("listen", .nextStart) { $0.listen },
        .init("tls", .nextStart) { $0.tls },
        .init("admin", .nextStart) { $0.admin },
        .init("keys", .nextStart) { $0.keys },
        .init("cors", .live) { $0.origins },
        .init("hosts", .live) { $0.hosts },
        .init("providers", .live) { $0.providers },
        .init("routes", .live) { one, other in one.routes == other.routes && one.aliases == other.aliases },
        // Defaults of providers, as `custody` is: a change is a change of those.
        .init("engine", .live) { _, _ in true },
        .init("limits", .nextStart) { $0.limits },
        .init("log", .nextStart) { $0.log },
        .init("metrics", .nextStart) { $0.metrics },
        .init("custody", .live) { _, _ in true },
        .init("data", .nextStart) { $0.dataDirectory },
        .init("run", .nextStart) { $0.runDirectory },
        .init("ledger", .nextStart) { $0.ledger },
        // Its `models` are a matter of `providers`.
        .init("supervision", .live) { $0.supervision },
        .init("veto", .nextStart) { settings in
            // The folder is a matter of `data`.
            var veto = settings.veto
            veto.spool = ""
            return veto
        },
        .init("standards", .live) { $0.standardsFile },
        .init("status_page", .live) { $0.statusPage },
        .init("alerts", .live) { one, other in
            one.webhooks == other.webhooks && one.alertPeriod == other.alertPeriod
                && one.instance == other.instance && one.link == other.link
        },
    ]

    /// The names of the sections that differ.
    package static func names(changedFrom old: Settings, to new: Settings) -> [String] {
        all.filter { !$0.isEqual(old, new) }.map(\.name)
    }

    /// The names of the sections that differ and take effect at the next start
    /// only.
    package static func names(waitingFrom started: Settings, to new: Settings) -> [String] {
        all.filter { $0.effect == .nextStart && !$0.isEqual(started, new) }.map(\.name)
    }
}
