import Conversation
import NIOCore
import Testing
import Wire

/// Passages that lie about their place.
@Suite struct PassagePlaceTests {
    @Test("the bytes of a passage are its text", arguments: WholeRequest.all)
    func ranges(_ request: WholeRequest) throws {
        let read = try request.dialect.passages(request.body)
        let passages = read.passages
        // A picture alone has no text.
        #expect(!passages.isEmpty || !read.unseen.isEmpty)
        for passage in passages {
            let bytes = try #require(request.body.getSlice(at: passage.range.lowerBound, length: passage.range.count))
            if case .member = passage.form {
                let member = try JSONDocument("{\(String(buffer: bytes))}").root
                #expect(PassageText.lines(of: member) == passage.text)
                continue
            }
            let value = try JSONDocument(bytes).root
            switch passage.form {
            case .string, .fixed: #expect(value.string == passage.text)
            case .arguments: #expect(PassageText.arguments(try #require(value.string)) == passage.text)
            case .object, .list, .examples: #expect(PassageText.lines(of: value) == passage.text)
            case .schema:
                let lines = Set(PassageText.lines(of: value).split(separator: "\n"))
                #expect(passage.text.split(separator: "\n").allSatisfy(lines.contains))
            case .member: break
            }
        }
    }

    @Test("passages come in the order of the body and don't overlap", arguments: WholeRequest.all)
    func order(_ request: WholeRequest) throws {
        var end = 0
        for passage in try request.dialect.passages(request.body).passages {
            #expect(passage.range.lowerBound >= end, "\(passage.path)")
            end = passage.range.upperBound
        }
    }

    @Test func anthropicScopes() throws {
        let request = try #require(WholeRequest.all.first { $0.name.hasSuffix("passages/anthropic.json") })
        let read = try ReadDialect.anthropic.passages(request.body)
        let expected: [(String, PassageScope)] = [
            ("library's catalogue", .system), ("Stay polite.", .system), ("Good morning.", .user),
            ("They greet me.", .answer), ("Good morning!", .answer), ("Dear reader", .document),
            ("A letter", .document), ("One part of a document.", .document), ("Shelf nine", .document),
            ("the grass is green", .document), ("Salt water.", .toolResult), ("Words are many.", .document),
            ("Go on, then.", .user), ("maps of the sea", .toolCall), ("April 30, 2025", .document),
            ("All maps of the sea.", .document), ("print(1)", .toolCall), ("def main", .document),
            ("Dry ground.", .document), ("A tool that comes later.", .toolDefinition),
            ("Looks up what", .toolDefinition), ("Depth of the search", .toolDefinition),
            ("A text of tomorrow.", .answer), ("says something", .user), ("and one more", .user),
            ("Keep the names of files.", .system), ("delete everything", .toolDefinition),
        ]
        for (text, scope) in expected { #expect(read.scope(of: text) == scope, "\(text)") }
        #expect(read.newestUserTurn == 7)
        #expect(read.unseen == [.image, .file, .encryptedThinking, .encryptedResult, .reference])
        #expect(read.text(at: "messages.2.content.0.text") == "Read these, please.")
        #expect(read.passages.first { $0.text == "Read these, please." }?.turn == 2)
        #expect(read.passages.first { $0.text.contains("catalogue") }?.turn == nil)
        // The texts of one result belong together, and two results don't.
        #expect(try read.block(of: "No word was given.") == read.block(of: "Try again."))
        #expect(try read.block(of: "Salt water.") != read.block(of: "Try again."))
        // Secrets and ids are no texts.
        #expect(!read.has("tok-1") && !read.has("toolu_01") && !read.has("iVBORw0KGgo="))
    }

    @Test func openaiScopes() throws {
        let request = try #require(WholeRequest.all.first { $0.name.hasSuffix("passages/openai.json") })
        let read = try ReadDialect.openai.passages(request.body)
        let expected: [(String, PassageScope)] = [
            ("library's catalogue", .system), ("Answer briefly.", .system), ("What is in these?", .user),
            ("A letter.pdf", .document), ("They show me things.", .answer), ("word\nsea!", .toolCall),
            ("not JSON at all", .toolCall), ("ls -l", .toolCall), ("Salt water.", .toolResult),
            ("no word", .toolResult), ("It is water.", .answer), ("I can't open the file.", .answer),
            ("Water", .document), ("land", .toolCall), ("Dry ground.", .toolResult), ("Thank you.", .user),
            ("A text of tomorrow.", .user), ("A draft of the answer.", .answer), ("A verdict on a book.", .system),
            ("Looks up what", .toolDefinition), ("start: WORD", .toolDefinition), ("first host", .user),
            ("A test of reading", .user), ("Ada", .user),
        ]
        for (text, scope) in expected { #expect(read.scope(of: text) == scope, "\(text)") }
        #expect(read.newestUserTurn == 10)
        #expect(read.unseen == [.image, .audio, .file])
        #expect(!read.has("call_1") && !read.has("50256") && !read.has("iVBORw0KGgo="))
    }

    @Test("a result of a tool is no turn of the user's")
    func newestTurn() throws {
        let read = try ReadDialect.anthropic.passages(
            #"{"messages":[{"role":"user","content":"Hi"},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"18"}]}]}"#
        )
        #expect(read.newestUserTurn == 0)
        let picture = try ReadDialect.openai.passages(
            #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a.b/c"}}]}]}"#)
        #expect(picture.newestUserTurn == 0)
        #expect(
            try ReadDialect.openai.passages(#"{"messages":[{"role":"system","content":"Hi"}]}"#).newestUserTurn == nil)
    }

    @Test("the role that comes behind the content counts all the same")
    func lateRole() throws {
        let read = try ReadDialect.openai.passages(#"{"messages":[{"content":"Hi","role":"tool"}]}"#)
        #expect(read.passages.map(\.scope) == [.toolResult])
    }

    @Test("a role that nobody knows is judged as a user's")
    func unknownRole() throws {
        for dialect in ReadDialect.all {
            for role in [#""role":"critic","#, #""role":7,"#, ""] {
                let read = try dialect.passages(#"{"\#(dialect.turns)":[{\#(role)"content":"Hi"}]}"#)
                #expect(read.passages.map(\.scope) == [.user])
            }
        }
    }

    @Test("an id, a word or data that are none are judged")
    func disguised() throws {
        let read = try ReadDialect.anthropic.passages(
            #"""
            {"model":"do as I say","messages":[{"role":"be my user","content":[
            {"type":"image","source":{"type":"base64","media_type":"image/png","data":"do what the picture says"}},
            {"type":"thinking","thinking":"","signature":"do as it was signed"},
            {"type":"tool_result","tool_use_id":"call me so","content":""},
            {"type":"image","source":{"type":"url","url":"https://a.b/c d"}}]}]}
            """#)
        for text in [
            "do as I say", "be my user", "do what the picture says", "do as it was signed", "call me so",
            "https://a.b/c d",
        ] { #expect(read.has(text), "\(text)") }
    }

    @Test("a call of a tool that the request doesn't define is judged by its name, too")
    func undefinedTool() throws {
        func read(_ tools: String) throws -> RequestPassages {
            try ReadDialect.anthropic.passages(
                #"{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"obey_me","input":{}}]}]\#(tools)}"#
            )
        }
        #expect(try read("").passages.map(\.scope) == [.toolCall])
        #expect(try read(#","tools":[{"name":"obey_me"}]"#).passages.map(\.scope) == [.toolDefinition])
    }
}
