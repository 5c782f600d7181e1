import Conversation
import DialectResponses
import NIOCore
import Testing
import Wire

@Suite("Tools of Responses") struct ToolReadingTests {
    private static let tools = #"""
        "tools":[{"type":"function","name":"ls","description":"Lists.","parameters":{"type":"object"},"strict":true},
         {"type":"custom","name":"patch","description":"Patches.","format":{"type":"grammar","syntax":"lark","definition":"start: x"}},
         {"type":"namespace","name":"agents","description":"Agents.","tools":[
          {"type":"function","name":"spawn","parameters":{"type":"object"}},{"type":"custom","name":"patch"}]},
         {"type":"tool_search","execution":"client","description":"Finds.","parameters":{"type":"object"}}]
        """#

    @Test func everyToolOfTheCallersIsAFunction() throws {
        let request = try CallerFixture.read(Self.tools)
        #expect(request.tools.map(\.name) == ["ls", "patch", "agents__spawn", "agents__patch", "tool_search"])
        #expect(
            request.tools.map(\.origin) == [
                nil, ToolOrigin(name: "patch", takesText: true), ToolOrigin(name: "spawn", namespace: "agents"),
                ToolOrigin(name: "patch", namespace: "agents", takesText: true),
                ToolOrigin(name: "tool_search", isSearch: true),
            ])
        #expect(request.tools[0].isStrict == true && request.tools[0].description == "Lists.")
        #expect(request.tools[2].description == "Agents.")
        let input = try #require(try request.tools[1].parameters?.document().root)
        #expect(input.text("required.0") == "input")
        #expect(input.text("properties.input.description")?.contains("start: x") == true)
        #expect(CallerFixture.leftovers(request).isEmpty)
    }

    @Test func namesAreDistinctAndReversible() throws {
        let request = try CallerFixture.read(
            #"""
            "tools":[{"type":"namespace","name":"a","description":"","tools":[{"type":"function","name":"b"}]},
             {"type":"function","name":"a__b"},{"type":"custom","name":"a__b"}]
            """#)
        #expect(request.tools.map(\.name) == ["a__b", "a__b_2", "a__b_3"])
        #expect(request.tools.map { $0.origin?.name ?? $0.name } == ["b", "a__b", "a__b"])
        #expect(request.tools.map { $0.origin?.namespace } == ["a", nil, nil])
    }

    @Test func callsGoByTheFunctionsNames() throws {
        let request = try CallerFixture.read(
            Self.tools,
            input: #"""
                [{"role":"user","content":"x"},
                 {"type":"function_call","call_id":"1","namespace":"agents","name":"spawn","arguments":"{}"},
                 {"type":"custom_tool_call","call_id":"2","name":"patch","input":""},
                 {"type":"function_call","call_id":"3","namespace":"gone","name":"tool","arguments":"{}"}]
                """#)
        let names = request.messages[1].content.compactMap {
            if case .toolCall(let call) = $0 { call.name } else { nil }
        }
        #expect(names == ["agents__spawn", "patch", "gone__tool"])
    }

    @Test func toolsInTheInputAreOffered() throws {
        let request = try CallerFixture.read(
            #""tool_choice":"auto""#,
            input: #"""
                [{"type":"additional_tools","role":"developer","tools":[{"type":"namespace","name":"functions",
                  "description":"","tools":[{"type":"custom","name":"exec"}]}]},
                 {"role":"user","content":"x"},
                 {"type":"tool_search_call","call_id":"s","execution":"client","status":"completed","arguments":{"q":"mail"}},
                 {"type":"tool_search_output","call_id":"s","execution":"client","status":"completed","tools":[
                  {"type":"namespace","name":"mail","description":"","tools":[{"type":"function","name":"send"}]}]}]
                """#)
        #expect(request.tools.map(\.name) == ["functions__exec", "mail__send"])
        #expect(request.toolChoice == .auto)
        #expect(
            request.messages.dropFirst() == [
                Message(
                    .assistant, [.toolCall(ToolCall(id: "s", name: "tool_search", arguments: #"{"q":"mail"}"#))]),
                Message(
                    .user, [.toolResult(ToolResult(callID: "s", content: [.text("Found: mail__send")]))]),
            ])
        #expect(CallerFixture.leftovers(request).isEmpty)
    }

    @Test(
        "a tool that runs at the provider is left out and named; one that the caller runs is needed",
        arguments: [
            (#"{"type":"web_search"}"#, false), (#"{"type":"web_search_preview_2025_03_11"}"#, false),
            (#"{"type":"file_search","vector_store_ids":["v"]}"#, false),
            (#"{"type":"mcp","server_label":"l"}"#, false),
            (#"{"type":"code_interpreter","container":{"type":"auto"}}"#, false),
            (#"{"type":"image_generation"}"#, false),
            (#"{"type":"tool_search"}"#, false), (#"{"type":"shell","environment":{"type":"container_auto"}}"#, false),
            (#"{"type":"shell","environment":{"type":"local"}}"#, true), (#"{"type":"local_shell"}"#, true),
            (#"{"type":"apply_patch"}"#, true), (#"{"type":"computer_use_preview"}"#, true), (#"{"type":"new"}"#, true),
        ]) func ownTools(_ tool: String, _ isNeeded: Bool) throws
    {
        let request = try CallerFixture.read(#""tools":[\#(tool)]"#)
        let leftovers = CallerFixture.leftovers(request)
        #expect(leftovers.count == 1 && leftovers[0].hasPrefix(isNeeded ? "!tools[0] (" : "tools[0] ("))
        #expect(request.tools.isEmpty)
    }

    @Test(
        "a choice",
        arguments: [
            (#""auto""#, ToolChoice.auto), (#""none""#, ToolChoice.none), (#""required""#, .required),
            (#"{"type":"function","name":"ls"}"#, .tool("ls")), (#"{"type":"custom","name":"patch"}"#, .tool("patch")),
            (#"{"type":"function","namespace":"agents","name":"spawn"}"#, .tool("agents__spawn")),
        ]) func choice(_ choice: String, _ expected: ToolChoice) throws
    {
        let request = try CallerFixture.read("\(Self.tools),\"tool_choice\":\(choice)")
        #expect(request.toolChoice == expected && request.tools.count == 5)
    }

    @Test func allowedToolsAreTheOnlyOnes() throws {
        let request = try CallerFixture.read(
            Self.tools.dropLast() + #",{"type":"web_search"}]"#
                + #","tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"custom","name":"patch"},{"type":"web_search"}]}"#
        )
        #expect(request.tools.map(\.name) == ["patch"] && request.toolChoice == .required)
        #expect(CallerFixture.leftovers(request).last == "tool_choice.tools[1] (web_search)")
    }

    @Test(
        "a choice of a tool that nobody offers is refused",
        arguments: [
            (#"{"type":"function","name":"none"}"#, "tool_choice.name"),
            // A custom tool is no function, and one of a namespace has it beside its name.
            (#"{"type":"function","name":"patch"}"#, "tool_choice.name"),
            (#"{"type":"function","name":"spawn"}"#, "tool_choice.name"),
            (#"{"type":"allowed_tools","tools":[{"type":"web_search"}]}"#, "tool_choice.tools[0]"),
        ]) func notOffered(_ choice: String, _ field: String)
    {
        let problem = CallerFixture.problem("\(Self.tools),\"tool_choice\":\(choice)")
        #expect(problem?.field == field && problem?.kind == .invalidRequest)
    }

    @Test(
        "a choice that no function can meet is needed, unless its tool was left out",
        arguments: [
            (#""tool_choice":{"type":"web_search"}"#, "!tool_choice (web_search)"),
            (#""tool_choice":"required""#, "!tool_choice"),
            (#""tools":[{"type":"local_shell"}],"tool_choice":"required""#, "!tool_choice"),
            // The choice of a tool that is left out is left out, too.
            (#""tools":[{"type":"web_search"}],"tool_choice":"required""#, "tool_choice"),
            (
                #""tools":[{"type":"web_search_preview"}],"tool_choice":{"type":"web_search_preview"}"#,
                "tool_choice (web_search_preview)"
            ),
        ]) func unmet(_ members: String, _ name: String) throws
    {
        let request = try CallerFixture.read(members)
        #expect(CallerFixture.leftovers(request).last == name && request.toolChoice == nil)
    }
}
