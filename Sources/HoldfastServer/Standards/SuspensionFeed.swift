import Encodings
package import Ledger
package import Logging
package import NIOCore
import Synchronization
package import Veto
import Wire

/// The suspensions in force, published as a note that the ledger's key signs
/// (C2SP signed-note).
///
/// The first line is the origin, `NAME/suspensions`, so that the note can't be
/// taken for a checkpoint of the log; the second is one JSON object. It counts
/// for ten minutes and is made anew each minute, and at once after a change.
/// Scopes of keys, evidence and names of people are never in it, and a
/// reason's text is only where its orderer has made it public.
package final class SuspensionFeed: Sendable {
    /// Seconds for which a note counts.
    static let validity = 600
    /// Seconds after which it is made anew.
    private static let renewal = 60

    private struct Made {
        var bytes: ByteBuffer
        var at: Int
        var version: UInt64
        var newest: Int
    }

    private let name: String
    private let sign: @Sendable (String) throws(LedgerProblem) -> SignedNote
    private let orders: any StandardOrders
    private let logger: Logger
    private let made = Mutex<Made?>(nil)

    /// - Parameters:
    ///   - name: the ledger's.
    ///   - sign: with the ledger's key.
    package init(
        name: String, orders: any StandardOrders, logger: Logger,
        sign: @escaping @Sendable (String) throws(LedgerProblem) -> SignedNote
    ) {
        self.name = name
        self.orders = orders
        self.logger = logger
        self.sign = sign
    }

    /// - Parameter now: seconds since 1970.
    /// - Returns: nil where it can't be signed.
    package func note(at now: Int) -> ByteBuffer? {
        let index = orders.suspended
        let newest = orders.newest
        return made.withLock { made -> ByteBuffer? in
            if let made, made.version == index.version, made.newest == newest,
                (made.at..<made.at + Self.renewal).contains(now)
            {
                return made.bytes
            }
            do throws(LedgerProblem) {
                let note = try sign(Self.text(index.entries, newest: newest, of: name, at: now))
                made = Made(bytes: ByteBuffer(bytes: note.bytes), at: now, version: index.version, newest: newest)
                return made?.bytes
            } catch {
                logger.error("the suspensions can't be published", metadata: ["problem": "\(error)"])
                return nil
            }
        }
    }

    /// The text of the note.
    /// - Parameter newest: the greatest number that was ever given: a reader
    ///   that has seen a greater one has an older note before it.
    static func text(
        _ entries: [SuspensionIndex.Entry], newest: Int, of name: String, at now: Int
    ) -> String {
        let origin = "\(name)/suspensions"
        var json = JSONWriter()
        json.object { json in
            json.member("origin", origin)
            json.member("number", newest)
            json.member("issued", Timestamp.text(seconds: now))
            json.member("valid_until", Timestamp.text(seconds: now + validity))
            json.array("suspensions") { json in
                for entry in entries { write(entry, to: &json) }
            }
        }
        return "\(origin)\n\(String(buffer: json.buffer))\n"
    }

    private static func write(_ entry: SuspensionIndex.Entry, to json: inout JSONWriter) {
        let suspension = entry.suspension
        let scopes = suspension.scopes.filter { scope in
            if case .key = scope { false } else { true }
        }
        guard !scopes.isEmpty else { return }
        json.object { json in
            json.member("id", suspension.id)
            json.array("scopes") { json in for scope in scopes { json.value(scope.text) } }
            json.member("phase", entry.phase.name)
            if case .halfOpen(let percent) = entry.phase { json.member("percent", percent) }
            json.member("mode", suspension.mode.rawValue)
            json.member("reason", suspension.reason.code.rawValue)
            if suspension.reason.isPublic { json.member("text", suspension.reason.text) }
            json.member("ordered", Timestamp.text(seconds: suspension.ordered))
            json.member("expires", ifPresent: suspension.expires.map { Timestamp.text(seconds: $0) })
        }
    }
}
