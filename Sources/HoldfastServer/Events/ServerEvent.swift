package import Drills
package import EngineHost
package import Extraction
package import Gateway
package import NIOCore
package import Resilience
package import Settings

/// Something that has happened to the server, beside requests.
package enum ServerEvent: Sendable {
    /// Holds and breakers have changed, in this order.
    case health([HealthChange])
    case probe(Target, ProbeResult)
    case custody(CustodyEvent)
    case drillBegan(DrillReport)
    case drillEnded(DrillReport)
    case configuration(ConfigurationChange)
    case administration(AdministrationEvent)
    case disclosure(DisclosureAlarm)
    case supervisor(SupervisorEvent)
    case veto(VetoOccurrence)
    case permit(PermitEvent)
    /// The last tick at which something of each candidate was allowed, where
    /// that has changed.
    case permitTicks([String: UInt64], at: UInt64)
    /// The veto begins: the id of the machine's start, to which all ticks until
    /// the next one belong.
    case vetoBegan(boot: String, tick: UInt64)
    case standard(StandardOccurrence)
    /// Something is wrong with the veto's spool, record or disk; a sentence for
    /// people.
    case vetoProblem(String)
}

/// Settings that have come into force.
package struct ConfigurationChange: Sendable {
    package var settings: Settings
    /// The settings before; nil at start.
    package var previous: Settings?

    package init(settings: Settings, previous: Settings?) {
        self.settings = settings
        self.previous = previous
    }
}

/// An action of an administrator that was carried out.
package struct AdministrationEvent: Sendable {
    /// The pattern of the action's path.
    package var path: String
    /// The id of the admin key.
    package var by: String
    /// The part of the path that stood for `:id`.
    package var parameter: String
    package var body: ByteBuffer

    package init(path: String, by: String, parameter: String, body: ByteBuffer) {
        self.path = path
        self.by = by
        self.parameter = parameter
        self.body = body
    }
}

/// A limit of disclosure that is nearly or wholly used up.
package enum DisclosureAlarm: Sendable {
    case recovery(RecoveryMeter.Alarm)
    case egress(EgressMeter.Alarm)
}
