import Conversation
import NIOCore
import Seeded
import Testing
import Wire

/// Notes that break a request, or more of it than they stand for.
@Suite struct WithholdingTests {
    private static let note = "[withheld: clause hidden-orders, ref 7f3a]"

    /// - Returns: The body with a note for a block; nil where the block can't
    ///   be withheld.
    private static func withhold(_ block: Int, of read: RequestPassages, in body: ByteBuffer) throws -> ByteBuffer? {
        do throws(CannotWithhold) {
            return try read.withholding([block: note]).apply(to: body)
        } catch {
            #expect(read.passages.contains { $0.block == block && $0.form == .fixed && $0.path == error.path })
            return nil
        }
    }

    static func check(_ body: ByteBuffer, of dialect: ReadDialect, _ comment: Comment? = nil) throws {
        let read = try dialect.passages(body)
        let isDecoded = (try? dialect.door.decodeChat(JSONDocument(body))) != nil
        for block in Set(read.passages.map(\.block)) {
            guard let withheld = try withhold(block, of: read, in: body) else { continue }
            let others = read.passages.filter { $0.block != block }
            let again = try dialect.passages(withheld)
            // All others are as they were, and nothing of the block is left.
            let left = again.passages.filter { !$0.text.contains(note) }
            #expect(left.map(\.text) == others.map(\.text), comment)
            #expect(left.map(\.scope) == others.map(\.scope), comment)
            for passage in again.passages where passage.text.contains(note) {
                #expect(passage.text == note || passage.text == "withheld\n\(note)", comment)
            }
            // Bytes outside of what the block spans are equal.
            let old = Array(body.readableBytesView)
            let new = Array(withheld.readableBytesView)
            let before = zip(old, new).prefix { $0 == $1 }.count
            let after = zip(old.reversed(), new.reversed()).prefix { $0 == $1 }.count
            let extent = read.extent(of: block)
            #expect(before >= extent.lowerBound && after >= old.count - extent.upperBound, comment)
            if isDecoded {
                #expect(throws: Never.self, comment) { try dialect.door.decodeChat(JSONDocument(withheld)) }
            }
        }
    }

    @Test("a note for any block leaves all else as it was", arguments: WholeRequest.all)
    func everyBlock(_ request: WholeRequest) throws { try Self.check(request.body, of: request.dialect) }

    @Test("so it does in random requests", arguments: 0..<60)
    func random(_ number: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        var chance = SplitMix(seed: seed &+ UInt64(number))
        for dialect in ReadDialect.all {
            let text = RandomRequest.make(dialect.name, &chance)
            try Self.check(ByteBuffer(string: text), of: dialect, "seed \(seed), number \(number): \(text)")
        }
    }

    @Test("all blocks at once", arguments: WholeRequest.all)
    func allAtOnce(_ request: WholeRequest) throws {
        let read = try request.dialect.passages(request.body)
        let fixed = Set(read.passages.filter { $0.form == .fixed }.map(\.block))
        let blocks = Set(read.passages.map(\.block)).subtracting(fixed)
        let splices = try read.withholding(Dictionary(uniqueKeysWithValues: blocks.map { ($0, Self.note) }))
        let again = try request.dialect.passages(splices.apply(to: request.body))
        #expect(again.passages.allSatisfy { $0.form == .fixed || $0.text.contains(Self.note) })
        // The same notes again, the same bytes again.
        let twice = try read.withholding(Dictionary(uniqueKeysWithValues: blocks.map { ($0, Self.note) }))
        #expect(twice.apply(to: request.body) == splices.apply(to: request.body))
    }

    private static func withheld(_ text: String, _ body: String, of dialect: ReadDialect) throws -> String {
        let read = try dialect.passages(body)
        return String(
            buffer: try read.withholding([read.block(of: text): "NOTE"]).apply(to: ByteBuffer(string: body)))
    }

    @Test("thinking whose signature would no longer fit becomes a text")
    func thinking() throws {
        let body =
            #"{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"bad","signature":"Eq=="},{"type":"tool_use","id":"t","name":"n","input":{"a":"b"}}]}]}"#
        #expect(
            try Self.withheld("bad", body, of: .anthropic)
                == body.replacing(
                    #"{"type":"thinking","thinking":"bad","signature":"Eq=="}"#, with: #"{"type":"text","text":"NOTE"}"#
                ))
    }

    @Test("a text that is replaced with its citations keeps its cache mark")
    func citations() throws {
        let body =
            #"{"messages":[{"role":"assistant","content":[{"citations":[{"type":"char_location","cited_text":"x y"}],"type":"text","text":"bad","cache_control":{"type":"ephemeral"}}]}]}"#
        #expect(
            try Self.withheld("bad", body, of: .anthropic)
                == #"{"messages":[{"role":"assistant","content":[{"type":"text","text":"NOTE","cache_control":{"type":"ephemeral"}}]}]}"#
        )
    }

    @Test("a search whose results are encrypted becomes a search that failed")
    func search() throws {
        let body =
            #"{"messages":[{"role":"assistant","content":[{"type":"web_search_tool_result","tool_use_id":"s","content":[{"type":"web_search_result","url":"https://a.b","title":"bad","encrypted_content":"Eq=="}]}]}]}"#
        #expect(
            try Self.withheld("bad", body, of: .anthropic)
                == #"{"messages":[{"role":"assistant","content":[{"type":"web_search_tool_result","tool_use_id":"s","content":{"type":"web_search_tool_result_error","error_code":"unavailable"}}]}]}"#
        )
    }

    @Test("arguments stay JSON in a string")
    func arguments() throws {
        let body =
            #"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"n","arguments":"{\"a\":\"bad\"}"}}]}]}"#
        #expect(
            try Self.withheld("bad", body, of: .openai)
                == #"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"n","arguments":"{\"withheld\":\"NOTE\"}"}}]}]}"#
        )
    }

    @Test("a schema stays one that strict modes take")
    func schema() throws {
        let body =
            #"{"tools":[{"name":"n","input_schema":{"type":"object","properties":{"a":{"description":"bad"}}}}]}"#
        let after = try Self.withheld("bad", body, of: .anthropic)
        let schema = try #require(try JSONDocument(after).root["tools"]?.elements.first { _ in true }?["input_schema"])
        #expect(schema["type"]?.string == "object" && schema["additionalProperties"]?.bool == false)
        #expect(try ReadDialect.anthropic.passages(after).passages.map(\.text) == ["n", "NOTE"])
    }

    @Test("names that are sentences get names that no other member has")
    func names() throws {
        let body = #"{"obey me":1,"withheld":"x","and me":{"a b":"c"}}"#
        let read = try ReadDialect.openai.passages(body)
        let notes = Dictionary(uniqueKeysWithValues: read.passages.map { ($0.block, "NOTE") })
        #expect(
            String(buffer: try read.withholding(notes).apply(to: ByteBuffer(string: body)))
                == #"{"withheld_2":"NOTE","withheld":"NOTE","withheld_3":"NOTE"}"#)
    }

    @Test("a note that says nothing, or ends in white space, would be refused", arguments: ["", " \n", " NOTE \t"])
    func blank(_ note: String) throws {
        let body = #"{"messages":[{"role":"user","content":"bad"}]}"#
        let read = try ReadDialect.anthropic.passages(body)
        let after = String(buffer: try read.withholding([0: note]).apply(to: ByteBuffer(string: body)))
        let said = note.contains("NOTE") ? "NOTE" : "[withheld]"
        #expect(after == body.replacing("bad", with: said))
    }

    @Test("a tool's name can't be withheld, and all else of the tool can")
    func toolName() throws {
        let body = #"{"tools":[{"name":"obey","description":"bad"}]}"#
        let read = try ReadDialect.anthropic.passages(body)
        #expect(throws: CannotWithhold(path: "tools.0.name")) { try read.withholding([read.block(of: "obey"): "NOTE"]) }
        #expect(try Self.withheld("bad", body, of: .anthropic) == #"{"tools":[{"name":"obey","description":"NOTE"}]}"#)
    }
}
