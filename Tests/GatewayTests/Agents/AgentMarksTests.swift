import Gateway
import Testing

@Suite struct AgentMarksTests {
    @Test func eachAgentsFieldsAreKnown() {
        let marks: [([(String, String)], AgentMarks)] = [
            (
                [
                    ("x-claude-code-session-id", "s"), ("x-claude-code-agent-id", "a"),
                    ("x-claude-code-parent-agent-id", "p"), ("x-claude-code-request-class", "subagent"),
                ], AgentMarks(session: "s", agent: "a", parent: "p", requestClass: "subagent")
            ),
            (
                [
                    ("session-id", "s"), ("thread-id", "t"), ("x-codex-parent-thread-id", "p"),
                    ("x-openai-subagent", "collab_spawn"),
                ], AgentMarks(session: "s", agent: "t", parent: "p", requestClass: "collab_spawn")
            ),
            ([("session_id", "s"), ("conversation_id", "c")], AgentMarks(session: "s", agent: "c")),
            ([("x-holdfast-session", "s"), ("x-holdfast-agent", "a")], AgentMarks(session: "s", agent: "a")),
            ([("session-id", ""), ("cookie", "session-id=x"), ("x-session", "s")], AgentMarks()),
        ]
        for (fields, expected) in marks {
            var read = AgentMarks()
            for (name, value) in fields {
                #expect(expected.isEmpty || AgentMarks.mayBe(name) && AgentMarks.mayBe(name.uppercased()))
                read.note(name, value)
            }
            #expect(read == expected)
        }
    }

    @Test func aMarkIsCutAndPrintable_andTheFirstCounts() {
        var marks = AgentMarks()
        marks.note("session-id", "a\n\u{1B}[2J" + String(repeating: "é", count: 5000))
        marks.note("x-claude-code-session-id", "b")
        let session = marks.session ?? ""
        #expect(session.hasPrefix("a\\n\\u{1b}[2J") && session.utf8.count <= AgentMarks.longest + 3)
    }
}
