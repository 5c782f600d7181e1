import Gateway
import GatewayTesting
import NIOCore
import Providers
import Testing
import Wire

/// A reader that looks away from a silent provider and comes back.
@Suite struct LullTests {
    private static let events = ["data: 1\n\n", "data: 2\n\n"]

    @Test func looksInBetweenLoseNoByte() async throws {
        try await ScriptedUpstream.with(.sse(Self.events, every: .milliseconds(30))) { upstream in
            let lane = try TestLane(upstream)
            let (text, lulls) = try await lane.run { response in
                var (text, lulls) = ("", 0)
                while true {
                    switch try await response.next(until: .now() + .milliseconds(2)) {
                    case .bytes(let bytes): text += String(buffer: bytes)
                    case .silence: lulls += 1
                    case .end: return (text, lulls)
                    }
                }
            }
            #expect(text == Self.events.joined() && lulls > 0)
        }
    }

    @Test func looksInBetweenDoNotExtendTheLimit() async throws {
        try await ScriptedUpstream.with(.stall(afterBytes: 105, of: .sse(Self.events))) { upstream in
            let lane = try TestLane(upstream) { $0.idleTimeout = .milliseconds(300) }
            await #expect(throws: LaneFailure.stalled) {
                try await lane.run { response in
                    while try await response.next(until: .now() + .milliseconds(5)) != .end {}
                }
            }
        }
    }

    @Test func aTimeThatHasPassedIsToldAtOnce() async throws {
        try await ScriptedUpstream.with(.stall(afterBytes: 105, of: .sse(Self.events))) { upstream in
            let lane = try TestLane(upstream)
            let piece = try await lane.run { response in
                while true {
                    let piece = try await response.next(until: .now() - .seconds(1))
                    if case .bytes = piece { continue }
                    return piece
                }
            }
            #expect(piece == .silence)
        }
    }
}
