import Conversation
import DialectOpenAI
import Seeded
import Testing

private func call(_ id: String) -> Part { .toolCall(ToolCall(id: id, name: "f", arguments: "{}")) }
private func result(_ id: String) -> Part { .toolResult(ToolResult(callID: id, content: [])) }

private func ids(_ messages: [Message]) -> [String] {
    messages.flatMap(\.content).compactMap { part in
        switch part {
        case .toolCall(let call): call.id
        case .toolResult(let result): result.callID
        default: nil
        }
    }
}

@Suite("Tool-call ids") struct CallIDTests {
    static let forms: [CallIDForm] = [.free, .anthropic, .openAI, .mistral]

    @Test(
        "an id is changed without need",
        arguments: [
            ("toolu_01A09q90qw90lq917835lq9", CallIDForm.anthropic), ("call_abc-DEF", .anthropic),
            ("functions.Bash:0", .openAI), ("D681PevKs", .mistral),
            ("chatcmpl-tool-0123456789abcdef0123456789abcdef", .free),
        ])
    func kept(id: String, form: CallIDForm) { #expect(form.write(id) == id) }

    @Test(
        "an id can't be read back", arguments: ["functions.Bash:0", "a b", "ü", "hf-", "hf-2d", "call/1", "-", "a.b.c"])
    func readBack(id: String) {
        let written = CallIDForm.anthropic.write(id)
        #expect(written.wholeMatch(of: /[a-zA-Z0-9_-]{1,64}/) != nil)
        #expect(CallIDForm.read(written) == id)
    }

    @Test(
        "an id that wasn't escaped is taken for one", arguments: ["hf-", "hf-zz", "hf-2D", "hf-41", "hf-2", "call_1"])
    func notOurs(id: String) { #expect(CallIDForm.read(id) == id) }

    @Test("two ids become one, or one is of another form", arguments: [UInt64.random(in: 0 ... .max)])
    func distinct(seed: UInt64) {
        print("seed \(seed)")
        var chance = SplitMix(seed: seed)
        let letters = Array("abcXYZ019_-.:/ üß→")
        for form in Self.forms {
            var written: [String: String] = [:]
            for _ in 0..<2_000 {
                let id = String(
                    (0..<Int.random(in: 0...80, using: &chance)).map { _ in letters.randomElement(using: &chance)! })
                let new = form.write(id)
                #expect(new.utf8.count <= form.longest && new.utf8.count >= form.shortest, "\(id)")
                #expect(form.write(id) == new)
                if let other = written[new] { #expect(other == id) }
                written[new] = id
                if form == .mistral { #expect(new.wholeMatch(of: /[a-zA-Z0-9]{9}/) != nil, "\(id)") }
                if form == .anthropic { #expect(new.wholeMatch(of: /[a-zA-Z0-9_-]+/) != nil, "\(id)") }
            }
        }
    }

    @Test("a call and its result no longer agree", arguments: forms)
    func settled(form: CallIDForm) {
        let messages = [
            Message(.user, [.text("go")]),
            Message(.assistant, [call("functions.Bash:0"), call("functions.Bash:1"), call("functions.Bash_1")]),
            Message(.user, [result("functions.Bash:1"), result("functions.Bash:0"), result("functions.Bash_1")]),
        ]
        let settled = ids(DistinctCalls.makeDistinct(messages, for: form))
        #expect(Set(settled[..<3]).count == 3)
        #expect([settled[4], settled[3], settled[5]] == Array(settled[..<3]))
    }

    @Test("an id stands for two calls", arguments: forms)
    func repeated(form: CallIDForm) {
        let messages = [
            Message(.assistant, [call("call_0")]), Message(.user, [result("call_0")]),
            Message(.assistant, [call("call_0"), call("call_0")]),
            Message(.user, [result("call_0"), result("call_0")]),
            Message(.assistant, [call(""), call("")]), Message(.user, [result(""), result("")]),
        ]
        let settled = ids(DistinctCalls.makeDistinct(messages, for: form))
        #expect(Set(settled).count == 5)
        #expect(settled[0] == settled[1])
        #expect(Array(settled[2...3]) == Array(settled[4...5]))
        #expect(Array(settled[6...7]) == Array(settled[8...9]))
        #expect(settled.allSatisfy { !$0.isEmpty })
    }

    @Test("results without ids, and with them, answer one call twice") func mixed() {
        let messages = [
            Message(.assistant, [call("a"), call("b"), call("a")]),
            Message(.user, [result(""), result("a"), result("b"), result("a")]),
        ]
        let settled = ids(DistinctCalls.makeDistinct(messages, for: .free))
        // The third result takes the first `a` away from nobody.
        #expect(Array(settled[3...5]) == [settled[0], settled[2], settled[1]])
    }

    // Were each id tried against all before it, this would take hours.
    @Test("as many equal ids as a body holds hold up everybody") func many() {
        for id in ["call_0", "a.b", ""] {
            let calls = Message(.assistant, (0..<50_000).map { _ in call(id) })
            let results = Message(.user, (0..<50_000).map { _ in result(id) })
            let settled = ids(DistinctCalls.makeDistinct([calls, results], for: .mistral))
            #expect(Set(settled).count == 50_000)
            #expect(settled[..<50_000].elementsEqual(settled[50_000...]))
        }
        var answered = AnsweredCalls(ChatRequest(model: "m", messages: []), from: OpenAIDialect(now: { 0 }))
        var reply = ChatReply(
            id: "", model: "",
            choices: [.init(content: (0..<50_000).map { _ in call("x") }, finish: .toolCalls)])
        answered.rename(&reply)
        #expect(Set(ids([Message(.assistant, reply.choices[0].content)])).count == 50_000)
    }

    @Test("an id that was made takes the place of one that was there") func crossed() {
        let made = CallIDForm.anthropic.write("a.b")
        let settled = ids(
            DistinctCalls.makeDistinct([Message(.assistant, [call("a.b"), call(made)])], for: .anthropic))
        #expect(Set(settled).count == 2)
    }

    @Test("an answer's call has the id of an earlier one") func fresh() {
        let request = ChatRequest(
            model: "m",
            messages: [Message(.assistant, [call("call_0")]), Message(.user, [result("call_0"), .text("next")])])
        var fresh = AnsweredCalls(request, from: OpenAIDialect(now: { 0 }))
        let first = fresh.rename(.toolCallStarted(choice: 0, call: 0, id: "call_0", name: "f"))
        let second = fresh.rename(.toolCallStarted(choice: 0, call: 1, id: "call_0", name: "f"))
        #expect(first == .toolCallStarted(choice: 0, call: 0, id: "call_0_2", name: "f"))
        #expect(second == .toolCallStarted(choice: 0, call: 1, id: "call_0_3", name: "f"))
        #expect(fresh.rename(.text(choice: 0, "x")) == .text(choice: 0, "x"))
        var reply = ChatReply(id: "", model: "", choices: [.init(content: [call("x"), call("x")], finish: .toolCalls)])
        fresh.rename(&reply)
        #expect(reply.choices[0].content == [call("x"), call("x_2")])
    }

    @Test(
        "a tool's name is lost on the way",
        arguments: ["look", "mcp__server__tool", "a.b", String(repeating: "n", count: 70), "ü b"])
    func toolNames(name: String) {
        var request = ChatRequest(
            model: "m", messages: [Message(.assistant, [.toolCall(ToolCall(id: "c", name: name, arguments: ""))])])
        request.tools = [Tool(name: name), Tool(name: name + ".other")]
        request.toolChoice = .tool(name)
        let names = ToolNames(request, longest: 64)
        let written = names.written(request)
        #expect(written.tools.allSatisfy { $0.name.wholeMatch(of: /[a-zA-Z0-9_-]{1,64}/) != nil })
        #expect(Set(written.tools.map(\.name)).count == 2)
        #expect(written.toolChoice == .tool(written.tools[0].name))
        #expect(names.read(written.tools[0].name) == name)
        guard case .toolCall(let call) = written.messages[0].content[0] else { return }
        #expect(call.name == written.tools[0].name)
    }
}
