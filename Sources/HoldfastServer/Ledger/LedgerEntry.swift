package import Availability
import Conversation
package import Crypto
import Custody
package import Drills
package import EngineHost
import Failures
package import Gateway
import Ledger
package import NIOCore
package import Resilience
import Wire

/// An entry of the ledger, as bytes: deterministic CBOR, as docs/ledger.md describes it. Unknown members are left out.
///
/// An entry contains names, numbers and digests only: never a prompt, an answer, a key, or the caller's own words.
package struct LedgerEntry: Sendable {
    package let bytes: [UInt8]

    /// - Parameters:
    ///   - time: milliseconds since 1970.
    ///   - members: in the order of their numbers.
    init(_ kind: String, at time: Int, _ members: (inout EntryWriter) -> Void) {
        bytes = EntryWriter.entry { entry in
            entry.member(.v, 2)
            entry.member(.kind, kind)
            entry.member(.at, time)
            members(&entry)
        }
    }

    /// A request is over.
    /// - Parameters:
    ///   - prompt: the salted digest of the request's body.
    ///   - answer: the salted digest of what the caller was sent.
    ///   - marks: the salted digests of the session and the agent that the
    ///     caller named.
    package static func settled(
        _ record: RequestRecord, prompt: SHA256Digest?, answer: SHA256Digest?, marks: MarkDigests? = nil, at time: Int
    ) -> LedgerEntry {
        LedgerEntry("request.settled", at: time) { entry in
            entry.member(.id, record.id)
            entry.member(.key, record.keyID)
            entry.member(.operation, record.operation)
            entry.member(.door, record.door.rawValue)
            entry.member(.route, ifPresent: record.route)
            entry.member(.servedBy, ifPresent: record.servedBy)
            entry.member(.status, record.status)
            entry.member(.outcome, record.outcome.rawValue)
            entry.list(.attempts) { entry in
                // More than any plan makes; an entry has a most of bytes.
                for attempt in record.attempts.prefix(64) { entry.object { write(attempt, to: &$0) } }
            }
            if let usage = record.usage {
                entry.member(.inputTokens, usage.input)
                entry.member(.outputTokens, usage.output)
            }
            entry.member(.firstByte, ifPresent: record.timeToFirstByte.map(microseconds))
            entry.member(.duration, microseconds(record.duration))
            entry.member(.promptDigest, ifPresent: prompt)
            entry.member(.answerDigest, ifPresent: answer)
            if record.isStream { entry.member(.stream) }
            // Only what the settings name: a caller may write anything.
            if record.route == nil, !record.attempts.isEmpty { entry.member(.requested, record.requested) }
            entry.member(.custody, ifPresent: record.custody)
            if record.isStandIn { entry.member(.standIn) }
            if let reason = record.reason, reason.isOneWord { entry.member(.reason, reason) }
            if record.isLate { entry.member(.late) }
            if !record.handOvers.isEmpty {
                entry.list(.continued) { entry in
                    for handOver in record.handOvers.prefix(64) {
                        entry.object { entry in
                            entry.member(.by, handOver.by)
                            entry.member(.cause, handOver.cause)
                            entry.member(.characters, handOver.at)
                        }
                    }
                }
            }
            if record.usage != nil, record.usageIsEstimate { entry.member(.tokensEstimated) }
            entry.member(.drill, ifPresent: record.drill?.id)
            if let supervision = record.supervision { entry.object(.supervision) { supervision.write(to: &$0) } }
            if let permit = record.permit {
                entry.member(.permit, ifPresent: permit.candidate)
                if permit.candidate != nil { entry.member(.tick, Int(clamping: permit.tick)) }
                entry.member(.suspension, ifPresent: permit.suspension)
            }
            entry.member(.session, ifPresent: marks?.session)
            entry.member(.agent, ifPresent: marks?.agent)
            entry.member(.parentAgent, ifPresent: marks?.parent)
        }
    }

    private static func write(_ attempt: AttemptRecord, to entry: inout EntryWriter) {
        entry.member(.by, attempt.upstream.id)
        entry.member(.status, ifPresent: attempt.status)
        entry.member(.failure, ifPresent: attempt.failure)
        entry.member(.cause, ifPresent: attempt.cause)
        entry.member(.rule, ifPresent: attempt.rule)
        if let usage = attempt.usage ?? attempt.unheard {
            entry.member(.inputTokens, usage.input)
            entry.member(.outputTokens, usage.output)
        }
        if attempt.isHedge || attempt.isRescue { entry.member(.hedge) }
    }

    /// A candidate is about to be asked, on a route that answers only once
    /// that is on record.
    package static func admitted(
        _ record: RequestRecord, to candidate: String, prompt: SHA256Digest?, at time: Int
    ) -> LedgerEntry {
        LedgerEntry("request.admitted", at: time) { entry in
            entry.member(.id, record.id)
            entry.member(.key, record.keyID)
            entry.member(.operation, record.operation)
            entry.member(.route, ifPresent: record.route)
            entry.member(.by, candidate)
            entry.member(.promptDigest, ifPresent: prompt)
        }
    }

    /// Records that the end of the answer in `request.settled` was not sent, because the entry could not be made
    /// durable in time.
    package static func withheld(_ record: RequestRecord, at time: Int) -> LedgerEntry {
        LedgerEntry("request.withheld", at: time) { $0.member(.id, record.id) }
    }

    package static func hold(_ kind: String, _ hold: Hold, by: String? = nil, at time: Int) -> LedgerEntry {
        LedgerEntry(kind, at: time) { entry in
            entry.member(.by, ifPresent: by ?? (hold.ground == .byHand ? hold.acknowledgedBy : nil))
            entry.member(.status, ifPresent: hold.status)
            entry.member(.cause, hold.ground.rawValue)
            entry.member(.rule, hold.rule)
            entry.member(.provider, hold.provider)
            entry.member(.model, hold.model)
            entry.member(.reason, ifPresent: hold.reason)
            entry.member(.hold, hold.id)
            entry.member(.scope, hold.scope.rawValue)
            entry.member(.host, hold.host)
            entry.member(.firmness, hold.firmness.rawValue)
            entry.member(.origin, hold.origin.rawValue)
        }
    }

    /// A verdict that no request of Holdfast's own has confirmed.
    package static func unconfirmed(_ contradiction: Contradiction, at time: Int) -> LedgerEntry {
        let hold = contradiction.hold
        return LedgerEntry("verdict.unconfirmed", at: time) { entry in
            entry.member(.by, contradiction.by)
            entry.member(.status, ifPresent: hold.status)
            entry.member(.cause, contradiction.cause.rawValue)
            entry.member(.rule, hold.rule)
            entry.member(.provider, hold.provider)
            entry.member(.model, hold.model)
            entry.member(.hold, hold.id)
            entry.member(.scope, hold.scope.rawValue)
            entry.member(.host, hold.host)
            entry.member(.verdict, hold.ground.rawValue)
        }
    }

    package static func drill(_ kind: String, _ report: DrillReport, at time: Int) -> LedgerEntry {
        LedgerEntry(kind, at: time) { entry in
            entry.member(.route, report.order.route)
            entry.member(.cause, report.order.word)
            entry.member(.drill, report.order.id)
            entry.member(.candidate, report.order.candidate)
            if kind == "drill.ended" { entry.member(.verdict, report.verdict.rawValue) }
        }
    }

    /// - Parameters:
    ///   - changed: the names of the sections that differ.
    ///   - places: the operators and the locations of the providers.
    package static func configuration(
        digest: String, changed: [String], places: [Placement], at time: Int
    ) -> LedgerEntry {
        LedgerEntry("configuration.changed", at: time) { entry in
            entry.member(.sha256, digest)
            entry.list(.changed) { entry in
                for name in changed { entry.text(name) }
            }
            entry.list(.places) { entry in
                // An entry has a most of bytes.
                for place in places.prefix(100) {
                    entry.object { entry in
                        entry.member(.provider, place.provider)
                        entry.member(.host, ifPresent: place[.host].map { String($0.prefix(100)) })
                        entry.member(.lab, ifPresent: place[.lab].map { String($0.prefix(100)) })
                        entry.member(.region, ifPresent: place[.region].map { String($0.prefix(100)) })
                    }
                }
            }
        }
    }

    /// Records an accepted action of the operator.
    /// - Parameters:
    ///   - target: the object that the action's path names; empty if its body names it.
    ///   - body: JSON, of which the members that state the object and the reason are kept.
    package static func administration(
        _ action: String, by: String, _ target: String, _ body: ByteBuffer, at time: Int
    ) -> LedgerEntry {
        let root = try? JSONDocument(body).root
        func said(_ name: StaticString) -> String? { root?[name]?.string.map { String($0.prefix(300)) } }
        return LedgerEntry("administration", at: time) { entry in
            entry.member(.route, ifPresent: said("route"))
            entry.member(.by, by)
            entry.member(.provider, ifPresent: said("provider"))
            entry.member(.model, ifPresent: said("model"))
            entry.member(.reason, ifPresent: said("reason"))
            entry.member(.action, action)
            if !target.isEmpty { entry.member(.target, target) }
            entry.member(.role, ifPresent: said("as"))
        }
    }

    /// Records an event in the custody of a hosted model's weights.
    package static func custody(_ event: CustodyEvent, at time: Int) -> LedgerEntry {
        switch event {
        case .verified(let verified):
            LedgerEntry("weights.verified", at: time) { entry in
                entry.member(.provider, verified.provider)
                entry.member(.model, verified.model)
                entry.member(.manifest, verified.origin.rawValue)
                entry.member(.manifestRoot, verified.manifestRoot.hex)
                entry.list(.files) { entry in
                    for file in verified.files.prefix(64) {
                        entry.object { entry in
                            entry.member(.sha256, file.sha256.hex)
                            entry.member(.name, file.name)
                        }
                    }
                }
            }
        case .loaded(let receipt):
            LedgerEntry("weights.loaded", at: time) { entry in
                entry.member(.provider, receipt.provider)
                entry.member(.model, receipt.model)
                entry.member(.manifestRoot, receipt.manifestRoot.hex)
                entry.member(.receipt, receipt.id)
                entry.member(.engineDigest, receipt.engine.hex)
                entry.member(.seen, receipt.witness)
                entry.list(.missing) { entry in for one in receipt.missing { entry.text(one.name.rawValue) } }
                entry.member(.scrub, receipt.isScrubbedWhole ? "whole" : "partial")
            }
        case .changed(let change):
            LedgerEntry("weights.scrub-mismatch", at: time) { entry in
                entry.member(.provider, change.provider)
                entry.member(.model, change.model)
                entry.member(.verdict, change.verdict.rawValue)
                entry.member(.receipt, change.receipt)
                entry.member(.file, change.mismatch.file)
                entry.member(.expected, change.mismatch.expected.hex)
                entry.member(.found, change.mismatch.found.hex)
            }
        case .impostor(let impostor):
            LedgerEntry("engine.impostor", at: time) { entry in
                entry.member(.provider, impostor.provider)
                entry.member(.model, impostor.model)
                entry.member(.receipt, ifPresent: impostor.receipt)
                entry.member(.expected, "process \(impostor.engine)")
                entry.member(.found, "process \(impostor.found)")
            }
        case .refused(let provider, let problem):
            LedgerEntry("weights.refused", at: time) { entry in
                entry.member(.cause, problem.kind.rawValue)
                entry.member(.provider, provider)
            }
        }
    }

    /// Records that the supervisor failed, or judges again.
    package static func supervisor(_ event: SupervisorEvent, at time: Int) -> LedgerEntry {
        switch event {
        case .down(let reason): LedgerEntry("supervisor.down", at: time) { $0.member(.reason, reason) }
        case .up: LedgerEntry("supervisor.up", at: time) { _ in }
        }
    }

    private static func microseconds(_ duration: Duration) -> Int {
        Int(duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000)
    }
}

extension String {
    /// True for one of Holdfast's own words, and false for a sentence that may quote a caller.
    fileprivate var isOneWord: Bool {
        utf8.count <= 64 && utf8.allSatisfy { $0 == 0x5F || (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
    }
}

extension EntryWriter {
    fileprivate mutating func member(_ member: EntryMember, ifPresent digest: SHA256Digest?) {
        digest?.withUnsafeBytes { self.member(member, bytes: $0) }
    }
}
