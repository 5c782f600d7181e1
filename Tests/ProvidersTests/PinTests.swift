import Gateway
import GatewayTesting
import Glibc
import NIOCore
import Providers
import Synchronization
import Testing
import Wire

/// The fields that the settings pin are sent as pinned, whatever a request
/// contains.
@Suite struct PinTests {
    @Test func aPinnedFieldIsSentOnce_andAsPinned() async throws {
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let lane = try TestLane(upstream) { options in
                options.signer = .field(name: "authorization", value: "Bearer ours")
                options.fields = [
                    ("openai-project", "ours"), ("user-agent", "ours"), ("anthropic-version", "ours"),
                    ("content-type", "ours"),
                ]
                options.defaultFields = [("anthropic-version", "default"), ("x-default", "default")]
            }
            var fields = HTTPFieldList(["authorization": "theirs", "openai-project": "theirs", "openai-beta": "theirs"])
            fields.append("anthropic-version", "theirs")
            fields.append("content-type", "theirs")
            try await lane.exchange(fields: fields)
            let request = try #require(upstream.requests.value.first)
            for name in ["authorization", "openai-project", "user-agent", "anthropic-version", "content-type"] {
                let values = request.headers.filter { $0.name.lowercased() == name }.map(\.value)
                #expect(values == [name == "authorization" ? "Bearer ours" : "ours"], "\(name)")
            }
            #expect(request["openai-beta"] == "theirs")
            #expect(request["x-default"] == "default")
            #expect(request["accept-encoding"] == "identity")
        }
    }

    @Test func nothingGoesOutWhereTheConnectionIsNotAdmitted() async throws {
        struct Stranger: Error, CustomStringConvertible { let description = "a stranger" }
        let path = "/tmp/hf-\(UInt32.random(in: 0 ... .max)).sock"
        let isStranger = Mutex(false)
        try await ScriptedUpstream.with(.answer(body: "{}"), at: .unix(path: path)) { upstream in
            let lane = try TestLane(.unix(path: path)) { options in
                options.admit = { channel in
                    isStranger.withLock { $0 }
                        ? channel.eventLoop.makeFailedFuture(Stranger()) : channel.eventLoop.makeSucceededVoidFuture()
                }
            }
            try await lane.exchange()
            #expect(upstream.requests.value.count == 1)
            isStranger.withLock { $0 = true }
            // The one that was admitted is kept, and used.
            try await lane.exchange()
            lane.lane.retire()
            try await eventually { lane.lane.openConnections == 0 }
            #expect(await lane.failure() == .unreachable("a stranger"))
            try await eventually { lane.lane.openConnections == 0 }
            #expect(upstream.requests.value.count == 2)
        }
    }

    /// The number of TCP_NODELAY is SO_DEBUG's at the socket's own level, which
    /// only root may set: every connection of a server of another user failed.
    @Test func aConnectionSendsAtOnceAndAsksForNothingThatTakesRoot() async throws {
        let found = Mutex<[[CInt]]>([])
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let lane = try TestLane(upstream) { options in
                options.admit = { channel in
                    channel.getOption(.tcpOption(.tcp_nodelay))
                        .and(channel.getOption(.socketOption(.init(rawValue: SO_DEBUG))))
                        .map { values in
                            found.withLock {
                                $0.append([CInt(truncatingIfNeeded: values.0), CInt(truncatingIfNeeded: values.1)])
                            }
                        }
                }
            }
            try await lane.exchange()
        }
        let options = found.withLock { $0 }
        #expect(options.count == 1 && options.allSatisfy { $0[0] != 0 && $0[1] == 0 }, "\(options)")
    }
}
