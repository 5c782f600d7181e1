package import Access
import Atomics
import NIOCore
import Failures
package import Routing

/// The settings of the gateway at one moment: the routes and the providers,
/// made ready for use. Immutable: a reload makes a new one, and a request keeps
/// the one with which it began.
package final class GatewayState: AtomicReference, Sendable {
    package let routes: RouteTable
    package let providers: [String: Provider]
    let instruments: Instruments
    /// By name; what a request finds with one look.
    let served: [String: ServedRoute]
    /// The secrets of all providers: two of them may be the same proxy.
    let secrets: SecretMask

    package init(routes: RouteTable, providers: [String: Provider]) {
        self.routes = routes
        self.providers = providers
        secrets = .union(providers.values.map(\.secrets))
        let instruments = Instruments(routes: routes)
        self.instruments = instruments
        let served = routes.routes.map { ($0.name, ServedRoute($0, providers, instruments)) }
        self.served = Dictionary(served) { first, _ in first }
    }
}

/// The limits of the whole gateway.
package struct GatewayLimits: Sendable {
    /// The largest whole answer of a provider, in bytes.
    package var responseBody: Int
    /// The largest event of a stream, in bytes.
    package var streamEvent: Int
    /// The most that is remembered of one stream so that another candidate can
    /// continue it, in bytes.
    package var continuation: Int

    package init(responseBody: Int = 64 << 20, streamEvent: Int = 8 << 20, continuation: Int = 4 << 20) {
        self.responseBody = responseBody
        self.streamEvent = streamEvent
        self.continuation = continuation
    }
}

/// The gateway: takes the applications' calls and answers them through the
/// providers. One per process.
///
/// A call names a route, or one model of a provider. The gateway checks the
/// key and its limits, finds the candidates, and asks one after the other
/// until one answers. It relays the answer in the API that the caller speaks,
/// goes on with another candidate when a stream breaks off, and records the
/// outcome. `Pipeline.swift` has these steps in their order. The settings
/// (``GatewayState``) can be replaced while requests run; what was learnt of
/// providers' health (``Continuity``) is kept.
package final class Gateway: Sendable {
    private let current: ManagedAtomic<GatewayState>
    package let keys: KeyRing
    package let records: RequestRecords
    let limits: GatewayLimits
    /// The optional stages of the pipeline.
    let stages: OptionalStages
    /// The reader of large bodies.
    let reading: HeavyReading
    package let continuity: Continuity
    package let disclosures: DisclosureBook
    package let drills = RunningDrills()
    let probes = RunningProbes()
    let answerSizes = AnswerSizes()
    let itemOrigins = ItemOrigins()
    package let shutdown = GatewayShutdown()

    package init(
        _ state: GatewayState, keys: KeyRing, records: RequestRecords, continuity: Continuity,
        disclosures: DisclosureBook, options: GatewayOptions = GatewayOptions()
    ) {
        current = ManagedAtomic(state)
        self.keys = keys
        self.records = records
        limits = options.limits
        stages = options.stages
        reading = HeavyReading(pool: options.pool)
        self.continuity = continuity
        self.disclosures = disclosures
    }

    /// The settings in force at this moment.
    package var state: GatewayState { current.load(ordering: .acquiring) }

    /// Takes over reloaded settings; requests under way keep theirs.
    package func replace(_ state: GatewayState) { current.store(state, ordering: .releasing) }

    /// Records a request that a door refused before it became a call, so that
    /// the id that its caller was given can be found in the log.
    package func noteRefusal(_ record: RequestRecord) {
        state.instruments.record(record)
        records.noteRefusal(record)
    }
}

/// The parts of a gateway that have a default.
package struct GatewayOptions: Sendable {
    package var limits: GatewayLimits
    /// The threads on which large bodies are read; nil reads them on the spot.
    package var pool: (any WorkerPool)?
    package var stages: OptionalStages

    package init(
        limits: GatewayLimits = GatewayLimits(), pool: (any WorkerPool)? = nil,
        stages: OptionalStages = OptionalStages()
    ) {
        self.limits = limits
        self.pool = pool
        self.stages = stages
    }
}

/// The end of a gateway: from its beginning on new requests are refused.
package final class GatewayShutdown: Sendable {
    private let draining = ManagedAtomic<Bool>(false)
    private let cutOffs = ManagedAtomic<Int>(0)

    /// True when new requests are refused because the process is about to end.
    package var isDraining: Bool { draining.load(ordering: .acquiring) }

    /// From now on new requests are refused with 503.
    package func drain() { draining.store(true, ordering: .releasing) }

    func countCutOff() { cutOffs.wrappingIncrement(ordering: .relaxed) }

    /// The number of requests that the end of the drain time cut off.
    package var requestsCutOff: Int { cutOffs.load(ordering: .relaxed) }
}
