import Availability
import Crypto
import Encodings
import Resilience
package import Settings

/// The entries that server events become. Pure.
package struct EventEntries: Sendable {
    /// The kinds that the settings list.
    private let kinds: Set<LedgerSettings.Kind>

    package init(_ kinds: Set<LedgerSettings.Kind>) { self.kinds = kinds }

    /// The entries of one event, in the order of what has happened.
    ///
    /// - Parameters:
    ///   - time: milliseconds since 1970.
    ///   - contents: returns the bytes of the settings' file.
    package func entries(of event: ServerEvent, at time: Int, contents: (String) -> [UInt8]) -> [LedgerEntry] {
        switch event {
        case .health(let changes): kinds.contains(.holds) ? changes.compactMap { entry(of: $0, at: time) } : []
        case .drillBegan(let report): kinds.contains(.drills) ? [.drill("drill.began", report, at: time)] : []
        case .drillEnded(let report): kinds.contains(.drills) ? [.drill("drill.ended", report, at: time)] : []
        case .configuration(let change):
            kinds.contains(.configuration) ? [entry(of: change, contents(change.settings.file), at: time)] : []
        // Always on record, whatever `record` lists: an operator who keeps a
        // ledger wants to know these.
        case .administration(let action):
            [.administration(action.path, by: action.by, action.parameter, action.body, at: time)]
        case .custody(let event): [.custody(event, at: time)]
        case .supervisor(let event): [.supervisor(event, at: time)]
        case .veto(let occurrence): [.veto(occurrence, at: time)]
        case .permit(let event): [.permit(event, at: time)]
        case .permitTicks(let ticks, let tick): LedgerEntry.ticks(ticks, tick: tick, at: time)
        case .vetoBegan(let boot, let tick): [.vetoBegan(boot: boot, tick: tick, at: time)]
        case .standard(let occurrence): [.standard(occurrence, at: time)]
        case .probe, .disclosure, .vetoProblem: []
        }
    }

    private func entry(of change: HealthChange, at time: Int) -> LedgerEntry? {
        switch change {
        case .placed(let hold) where hold.isPersistent: .hold("hold.placed", hold, at: time)
        case .lifted(let hold, let by) where hold.isPersistent: .hold("hold.lifted", hold, by: by, at: time)
        // Held by hand anew, with another reason.
        case .changed(let hold) where hold.ground == .byHand: .hold("hold.placed", hold, at: time)
        case .changed(let hold) where hold.isPersistent && hold.firmness == .lasting:
            .hold("hold.confirmed", hold, at: time)
        case .acknowledged(let hold) where hold.isPersistent:
            .hold("hold.acknowledged", hold, by: hold.acknowledgedBy, at: time)
        case .contradicted(let contradiction): .unconfirmed(contradiction, at: time)
        default: nil
        }
    }

    private func entry(of change: ConfigurationChange, _ contents: [UInt8], at time: Int) -> LedgerEntry {
        let settings = change.settings
        return .configuration(
            digest: Base64.encode(Array(SHA256.hash(data: contents))),
            changed: change.previous.map { SettingsSection.names(changedFrom: $0, to: settings) } ?? [],
            places: settings.providers.map { Placement($0) }, at: time)
    }
}
