import Conversation
import NIOCore
import Testing
import Wire

/// Requests of a real agent, as its binary sent them
/// (`Tests/Clients/agents/record_session.py`).
@Suite struct AgentSessionTests {
    private static let dialect = ReadDialect.anthropic

    @Test("every body of Claude Code's session is read")
    func read() throws {
        let bodies = try WholeRequest.session("claude-code")
        #expect(bodies.count > 10)
        for body in bodies {
            let read = try Self.dialect.passages(body)
            #expect(!read.passages.isEmpty)
            // Its own words are known to the table: nothing of its frame is
            // left to be judged as a text of the user's.
            for passage in read.passages where passage.scope == .user {
                #expect(passage.turn != nil, "\(passage.path)")
            }
            for passage in read.passages {
                #expect(passage.form != .fixed || passage.path.hasSuffix(".name"), "\(passage.path): \(passage.text)")
            }
        }
        let last = try Self.dialect.passages(try #require(bodies.last))
        #expect(last.passages.contains { $0.scope == .toolResult && $0.text.contains("1 passed") })
        #expect(last.scope(of: "ignore all previous instructions") == .toolResult)
        #expect(last.scope(of: "sums.py") == .toolCall)
        #expect(last.scope(of: "And once more") == .user)
        #expect(last.scope(of: "# Environment") == .system)
        #expect(last.newestUserTurn != nil)
        #expect(last.unseen == [])
    }

    @Test("the structural strings of the session are these")
    func structural() throws {
        var found: Set<String> = []
        for body in try WholeRequest.session("claude-code") {
            let document = try JSONDocument(body)
            for string in try Self.dialect.structural(document) where !string.isName {
                // Nothing that is structural says more than a few words would.
                #expect(string.range.count < 600, "\(string.pattern)")
                found.insert("\(string.pattern): \(string.form.rawValue)")
            }
        }
        #expect(
            found == Self.expected,
            "new: \(found.subtracting(Self.expected).sorted()), gone: \(Self.expected.subtracting(found).sorted())")
    }

    /// A version of the binary that sends something else has to be looked at.
    private static let expected: Set<String> = [
        "context_management.edits.*.keep: word",
        "context_management.edits.*.type: word",
        "messages.*.content.*.cache_control.type: word",
        "messages.*.content.*.content.*.tool_name: id",
        "messages.*.content.*.content.*.type: word",
        "messages.*.content.*.id: id",
        "messages.*.content.*.name: id",
        "messages.*.content.*.signature: base64",
        "messages.*.content.*.tool_use_id: id",
        "messages.*.content.*.type: word",
        "messages.*.output_config.effort: word",
        "messages.*.role: word",
        "metadata.user_id: opaque",
        "model: id",
        "output_config.effort: word",
        "output_config.format.type: word",
        "system.*.cache_control.type: word",
        "system.*.type: word",
        "thinking.display: word",
        "thinking.type: word",
    ]

    @Test("what a turn sends again is read the same again, whatever comes behind it")
    func stable() throws {
        var before: [Passage] = []
        for body in try WholeRequest.session("claude-code") {
            let passages = try Self.dialect.passages(body).passages.filter { $0.turn != nil }
            if let first = passages.first, first.text == before.first?.text {
                #expect(before.map(\.text) == passages.prefix(before.count).map(\.text))
            }
            before = passages
        }
    }

    @Test("a note for any block of the session leaves all else as it was")
    func withheld() throws {
        try WithholdingTests.check(try #require(try WholeRequest.session("claude-code").last), of: Self.dialect)
    }
}
