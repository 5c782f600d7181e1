import Access
import FrontDoor
import Gateway
import GatewayTesting
import NIOCore
import Testing
import Wire

/// The key that admits a caller and its own credential for a provider, by the
/// fields of a request.
@Suite struct CallerCredentialFieldTests {
    private static let own = "hf_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"

    private func request(_ fields: [String]) -> String {
        RawClient.get(TestFrontDoor.chat, key: nil, method: "POST").replacing(
            "\r\n\r\n",
            with: "\r\n" + fields.map { $0 + "\r\n" }.joined()
                + "content-length: \(TestFrontDoor.body.utf8.count)\r\n\r\n"
                + TestFrontDoor.body)
    }

    @Test(arguments: [
        (["x-holdfast-key: \(TestGateway.key)"], 200),
        (["X-Holdfast-Key: \(TestGateway.key)", "authorization: Bearer not-of-here"], 200),
        (["x-holdfast-key: wrong", "x-holdfast-key: \(TestGateway.key)"], 200),
        // Where it is there, nothing else admits.
        (["x-holdfast-key: wrong", "authorization: Bearer \(TestGateway.key)"], 401),
        (["x-holdfast-key: wrong", "x-api-key: \(TestGateway.key)"], 401),
        // An empty one is none.
        (["x-holdfast-key: ", "authorization: Bearer \(TestGateway.key)"], 200),
        (["x-holdfast-keys: \(TestGateway.key)"], 401),
    ]) func theKeyThatAdmits(_ fields: [String], _ status: Int) async throws {
        try await TestFrontDoor.with { house in
            try await house.client { client in
                await client.send(request(fields))
                try await client.expect(status)
            }
            // Neither travels where the settings have a key of their own.
            for sent in house.lane.requests.value {
                #expect(!sent.fields.fields.contains { $0.name != "idempotency-key" && $0.value.contains("hf_") })
                #expect(sent.fields["authorization"] == nil && sent.fields["x-holdfast-key"] == nil)
            }
        }
    }

    @Test(arguments: [
        (["authorization: Bearer of-the-caller"], ["authorization"]),
        (["x-api-key: sk-of-the-caller-0123456789012345"], ["x-api-key"]),
        (["authorization: bearer  a", "x-api-key: b", "x-api-key: c"], ["authorization", "x-api-key"]),
        (["authorization: Basic YTpi"], []), (["authorization: AWS4-HMAC-SHA256 Credential=x"], []),
        (["cookie: x=y", "x-api-key: "], []),
        // Keys of a Holdfast never travel, whoever puts them where.
        (["authorization: Bearer \(TestGateway.key)"], []), (["x-api-key: \(TestGateway.key)"], []),
        (["x-api-key: \(own)"], []), (["authorization: Bearer \(own)"], []),
        (["x-api-key: hf_a-token-of-some-hub"], ["x-api-key"]),
    ]) func theCallersOwnCredential(_ fields: [String], _ names: [String]) async throws {
        try await TestFrontDoor.with(usesCallersCredential: true) { house in
            try await house.client { client in
                await client.send(request(["x-holdfast-key: \(TestGateway.key)"] + fields))
                try await client.expect(names.isEmpty ? 401 : 200)
                await client.send(request(["x-holdfast-key: \(TestGateway.key)"]))
                try await client.expect(401)
                // Without the field there is one credential, and it is the key.
                await client.send(request(["x-api-key: \(TestGateway.key)", "authorization: Bearer other"]))
                try await client.expect(401)
            }
            let sent = house.lane.requests.value.map { $0.fields.fields.map(\.name) }
            #expect(sent == (names.isEmpty ? [] : [names]))
        }
    }

    @Test func sessionsAndAgentsAreOnRecord_andGoThrough() async throws {
        try await TestFrontDoor.with { house in
            try await house.client { client in
                await client.send(
                    request([
                        "x-api-key: \(TestGateway.key)", "X-Claude-Code-Session-Id: s1", "x-claude-code-agent-id: a1",
                        "x-claude-code-parent-agent-id: p1", "x-claude-code-request-class: subagent", "cookie: c=d",
                        "Anthropic-Beta: x,y", "x-codex-turn-state: t",
                    ]))
                try await client.expect(200)
            }
            let marks = AgentMarks(session: "s1", agent: "a1", parent: "p1", requestClass: "subagent")
            #expect(house.record?.marks == marks)
            let sent = try #require(house.lane.requests.value.first)
            #expect(sent.fields["x-claude-code-session-id"] == "s1" && sent.fields["x-codex-turn-state"] == "t")
            #expect(sent.fields["anthropic-beta"] == "x,y" && sent.fields["cookie"] == nil)
        }
    }
}
