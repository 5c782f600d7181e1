import Availability
import Conversation
import Custody
import Drills
import EngineHost
import Failures
import Gateway
import NIOCore
import Resilience
import Wire

/// What is put on record, as the ledger's bytes: one JSON object, UTF-8,
/// without white space, its members in the order of docs/ledger.md. What
/// isn't known is left out.
///
/// Names, numbers and digests only: never a prompt, an answer, a key, or
/// words of a caller's own.
struct LedgerEntry {
    private(set) var bytes: ByteBuffer

    private init(_ kind: String, at time: String, _ members: (inout JSONWriter) -> Void) {
        var json = JSONWriter(ByteBufferAllocator().buffer(capacity: 1024))
        json.object { json in
            json.member("v", 1)
            json.member("kind", kind)
            json.member("at", time)
            members(&json)
        }
        bytes = json.buffer
    }

    /// A request is over.
    /// - Parameters:
    ///   - prompt: the salted digest of the request's body.
    ///   - answer: the salted digest of what the caller was sent.
    static func settled(_ record: RequestRecord, prompt: String?, answer: String?, at time: String) -> LedgerEntry {
        LedgerEntry("request.settled", at: time) { json in
            json.member("id", record.id)
            json.member("key", record.keyID)
            json.member("operation", record.operation)
            json.member("door", record.door.rawValue)
            json.member("route", ifPresent: record.route)
            // Only what the settings name: a caller may write anything.
            if record.route == nil, !record.attempts.isEmpty { json.member("requested", record.requested) }
            json.member("served_by", ifPresent: record.servedBy)
            json.member("custody", ifPresent: record.custody)
            if record.isStandIn { json.member("stand_in", true) }
            json.member("status", record.status)
            json.member("outcome", record.outcome.rawValue)
            if let reason = record.reason, reason.isOneWord { json.member("reason", reason) }
            if record.isStream { json.member("stream", true) }
            if record.isLate { json.member("late", true) }
            json.array("attempts") { json in
                // More than any plan makes; an entry has a most of bytes.
                for attempt in record.attempts.prefix(64) {
                    json.object { json in
                        json.member("by", attempt.upstream.id)
                        json.member("status", ifPresent: attempt.status)
                        json.member("failure", ifPresent: attempt.failure)
                        json.member("cause", ifPresent: attempt.cause)
                        json.member("rule", ifPresent: attempt.rule)
                        if attempt.isHedge { json.member("hedge", true) }
                        if let usage = attempt.usage {
                            json.member("input_tokens", usage.input)
                            json.member("output_tokens", usage.output)
                        }
                    }
                }
            }
            if !record.handOvers.isEmpty {
                json.array("continued") { json in
                    for handOver in record.handOvers.prefix(64) { json.object { handOver.write(to: &$0) } }
                }
            }
            if let usage = record.usage {
                json.member("input_tokens", usage.input)
                json.member("output_tokens", usage.output)
                if record.usageIsEstimate { json.member("tokens_estimated", true) }
            }
            json.member("first_byte_us", ifPresent: record.timeToFirstByte.map(microseconds))
            json.member("duration_us", microseconds(record.duration))
            json.member("drill", ifPresent: record.drill?.id)
            json.member("prompt_sha256", ifPresent: prompt)
            json.member("answer_sha256", ifPresent: answer)
        }
    }

    /// A candidate is about to be asked, on a route that answers only once
    /// that is on record.
    static func admitted(
        _ record: RequestRecord, to candidate: String, prompt: String?, at time: String
    ) -> LedgerEntry {
        LedgerEntry("request.admitted", at: time) { json in
            json.member("id", record.id)
            json.member("key", record.keyID)
            json.member("operation", record.operation)
            json.member("route", ifPresent: record.route)
            json.member("by", candidate)
            json.member("prompt_sha256", ifPresent: prompt)
        }
    }

    /// What `request.settled` says of the answer's end is not so: it could
    /// not be put on record in time, and was not sent.
    static func withheld(_ record: RequestRecord, at time: String) -> LedgerEntry {
        LedgerEntry("request.withheld", at: time) { $0.member("id", record.id) }
    }

    static func hold(_ kind: String, _ hold: Hold, by: String? = nil, at time: String) -> LedgerEntry {
        LedgerEntry(kind, at: time) { json in
            json.member("hold", hold.id)
            json.member("cause", hold.cause.rawValue)
            json.member("scope", hold.scope.rawValue)
            json.member("provider", hold.provider)
            json.member("host", hold.host)
            json.member("model", hold.model)
            json.member("firmness", hold.firmness.rawValue)
            json.member("origin", hold.origin.rawValue)
            json.member("rule", hold.rule)
            json.member("status", ifPresent: hold.status)
            json.member("by", ifPresent: by)
        }
    }

    static func drill(_ kind: String, _ report: DrillReport, at time: String) -> LedgerEntry {
        LedgerEntry(kind, at: time) { json in
            json.member("drill", report.order.id)
            json.member("route", report.order.route)
            json.member("candidate", report.order.candidate)
            json.member("cause", report.order.cause.rawValue)
            if kind == "drill.ended" { json.member("verdict", report.verdict.rawValue) }
        }
    }

    /// - Parameters:
    ///   - changed: the names of the sections that differ.
    ///   - places: whose and where the providers are.
    static func configuration(
        digest: String, changed: [String], places: [Placement], at time: String
    ) -> LedgerEntry {
        LedgerEntry("configuration.changed", at: time) { json in
            json.member("sha256", digest)
            json.array("changed") { json in
                for name in changed { json.value(name) }
            }
            json.array("places") { json in
                // An entry has a most of bytes.
                for place in places.prefix(100) {
                    json.object { json in
                        json.member("provider", place.provider)
                        json.member("host", ifPresent: place[.host].map { String($0.prefix(100)) })
                        json.member("lab", ifPresent: place[.lab].map { String($0.prefix(100)) })
                        json.member("region", ifPresent: place[.region].map { String($0.prefix(100)) })
                    }
                }
            }
        }
    }

    /// Something that whoever runs this Holdfast has done, and was accepted.
    /// - Parameters:
    ///   - target: what the action's path names; empty where its body does.
    ///   - body: JSON, of which the members that say what and why are kept.
    static func administration(
        _ action: String, by: String, _ target: String, _ body: ByteBuffer, at time: String
    ) -> LedgerEntry {
        let root = try? JSONDocument(body).root
        return LedgerEntry("administration", at: time) { json in
            json.member("action", action)
            json.member("by", by)
            if !target.isEmpty { json.member("target", target) }
            for name: StaticString in ["provider", "model", "route", "as", "reason"] {
                json.member(name, ifPresent: root?[name]?.string.map { String($0.prefix(300)) })
            }
        }
    }

    /// What becomes of a hosted model's weights.
    static func custody(_ event: CustodyEvent, at time: String) -> LedgerEntry {
        switch event {
        case .verified(let verified):
            LedgerEntry("weights.verified", at: time) { json in
                json.member("provider", verified.provider)
                json.member("model", verified.model)
                json.member("manifest", verified.origin.rawValue)
                json.member("manifest_root", verified.manifestRoot.hex)
                json.array("files") { json in
                    for file in verified.files.prefix(64) {
                        json.object { json in
                            json.member("name", file.name)
                            json.member("sha256", file.sha256.hex)
                        }
                    }
                }
            }
        case .loaded(let receipt):
            LedgerEntry("weights.loaded", at: time) { json in
                json.member("provider", receipt.provider)
                json.member("model", receipt.model)
                json.member("receipt", receipt.id)
                json.member("manifest_root", receipt.manifestRoot.hex)
                json.member("engine_sha256", receipt.engine.hex)
                json.member("seen", receipt.witness)
                json.array("missing") { json in for one in receipt.missing { json.value(one.name.rawValue) } }
                json.member("scrub", receipt.isScrubbedWhole ? "whole" : "partial")
            }
        case .changed(let change):
            LedgerEntry("weights.scrub-mismatch", at: time) { json in
                json.member("provider", change.provider)
                json.member("model", change.model)
                json.member("receipt", change.receipt)
                json.member("file", change.mismatch.file)
                json.member("expected", change.mismatch.expected.hex)
                json.member("found", change.mismatch.found.hex)
                json.member("verdict", change.verdict.rawValue)
            }
        case .refused(let provider, let problem):
            LedgerEntry("weights.refused", at: time) { json in
                json.member("provider", provider)
                json.member("cause", problem.kind.rawValue)
            }
        }
    }

    private static func microseconds(_ duration: Duration) -> Int {
        Int(duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000)
    }
}

extension String {
    /// Words of ours, and not a sentence that may quote somebody.
    fileprivate var isOneWord: Bool {
        utf8.count <= 64 && utf8.allSatisfy { $0 == 0x5F || (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
    }
}
