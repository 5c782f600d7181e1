import Seeded
package import NIOCore

/// The behaviour of a scripted upstream towards a request.
///
/// A value, so that a scenario reads in one line: `.cut(afterBytes: 100, of:
/// .answer(body: "{}"))`.
package indirect enum Behaviour: Sendable {
    /// A whole answer with a content-length; the connection stays open.
    case answer(status: Int = 200, headers: [(String, String)] = [("content-type", "application/json")], body: String)
    /// A chunked event stream, a chunk an event.
    case sse([String], every: TimeAmount? = nil)
    /// These bytes, whatever they are; the connection stays open.
    case garbage(String)
    /// The first bytes of another behaviour, then the connection's end.
    case cut(afterBytes: Int = .max, of: Behaviour)
    /// The first bytes of another behaviour, then nothing more.
    case stall(afterBytes: Int, of: Behaviour)
    /// The connection's end instead of an answer.
    case closeBeforeHead
    /// Nothing at all.
    case silence
    /// An answer without an end, as fast as it is read.
    case neverEnds
    /// Another behaviour for each request, counted from 0 over all
    /// connections.
    case attemptBased(@Sendable (Int) -> Behaviour)

    /// The pieces that are sent, with a pause before each but the first.
    var pieces: [ByteBuffer] {
        switch self {
        case .answer(let status, let headers, let body):
            var head = "HTTP/1.1 \(status) Scripted\r\n"
            for (name, value) in headers { head += "\(name): \(value)\r\n" }
            head += "content-length: \(body.utf8.count)\r\n\r\n"
            return [ByteBuffer(string: head + body)]
        case .sse(let events, _):
            let head = ByteBuffer(
                string: "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            let chunks = events.map { ByteBuffer(string: "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n") }
            return [head] + chunks + [ByteBuffer(string: "0\r\n\r\n")]
        case .garbage(let text): return [ByteBuffer(string: text)]
        case .cut(let count, let inner), .stall(let count, let inner):
            var left = count
            var result: [ByteBuffer] = []
            for piece in inner.pieces where left > 0 {
                result.append(piece.getSlice(at: piece.readerIndex, length: min(left, piece.readableBytes))!)
                left -= piece.readableBytes
            }
            return result
        case .closeBeforeHead, .silence, .neverEnds, .attemptBased: return []
        }
    }

    var pause: TimeAmount? {
        switch self {
        case .sse(_, let pause): pause
        case .cut(_, let inner), .stall(_, let inner): inner.pause
        default: nil
        }
    }

    var closesAfterwards: Bool {
        switch self {
        case .cut, .closeBeforeHead: true
        default: false
        }
    }

    /// The number of bytes of all pieces.
    package var byteCount: Int { pieces.reduce(0) { $0 + $1.readableBytes } }
}

/// A repeatable sequence of behaviours: what a bad day looks like.
package struct FaultPlan: Sendable {
    package let seed: UInt64
    private let faults: [Behaviour]
    private let good: Behaviour
    private let share: Double

    /// - Parameters:
    ///   - share: The share of requests that meet a fault, 0 to 1.
    ///   - good: The behaviour for all other requests.
    package init(seed: UInt64, share: Double, faults: [Behaviour], good: Behaviour) {
        self.seed = seed
        self.share = share
        self.faults = faults
        self.good = good
    }

    /// Returns the behaviour for the request of that number, and whether it is
    /// a fault.
    package func behaviour(_ number: Int) -> (behaviour: Behaviour, isFault: Bool) {
        var generator = SplitMix(seed: seed &+ UInt64(number) &* 0x2545_F491_4F6C_DD1D)
        guard Double.random(in: 0..<1, using: &generator) < share, let fault = faults.randomElement(using: &generator)
        else { return (good, false) }
        return (fault, true)
    }

    /// The plan as the behaviour of an upstream.
    package var asBehaviour: Behaviour { .attemptBased { self.behaviour($0).behaviour } }
}
