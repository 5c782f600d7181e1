import Conversation
import DialectBedrock
import Testing
import Wire

@Suite("Requests of Converse") struct CallerRequestTests {
    @Test func theModelIsInThePath() throws {
        let address = converse.chatAddresses[1]
        let called = try #require(
            address.match("/model/arn%3Aaws%3Abedrock%3Ar%3A1%3Ainference-profile%2Fus.m/converse-stream"))
        let request = try converse.decodeChat(
            JSONDocument(#"{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}"#), at: called)
        #expect(request.model == "arn:aws:bedrock:r:1:inference-profile/us.m" && request.stream)
        #expect(request.messages == [Message(.user, [.text("Hi")])])
        #expect(request.leftovers.isEmpty)
    }

    @Test func textsPicturesCallsAndResultsAreRead() throws {
        let request = try converse.decodeChat(
            JSONDocument(
                #"""
                {"system":[{"text":"Be kind."},{"cachePoint":{"type":"default"}}],"messages":[
                {"role":"user","content":[{"image":{"format":"png","source":{"bytes":"AAAA"}}},{"text":"What?"}]},
                {"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Hm","signature":"c2ln"}}},
                {"toolUse":{"toolUseId":"t1","name":"look","input":{"a": [1]}}}]},
                {"role":"user","content":[{"toolResult":{"toolUseId":"t1","status":"error","content":[{"text":"no"},
                {"json":{"b": 2}}]}}]}]}
                """#), at: CalledPath(model: "m", isStream: false))
        #expect(
            request.messages == [
                Message(.system, [.text("Be kind.")]),
                Message(.user, [.image(.base64(mediaType: "image/png", data: "AAAA")), .text("What?")]),
                Message(
                    .assistant,
                    [
                        .thinking(text: "Hm", signature: "c2ln"),
                        .toolCall(ToolCall(id: "t1", name: "look", arguments: #"{"a": [1]}"#)),
                    ]),
                Message(
                    .user,
                    [
                        .toolResult(
                            ToolResult(callID: "t1", content: [.text("no"), .text(#"{"b": 2}"#)], isError: true))
                    ]),
            ])
        #expect(request.leftovers == [Leftover("cachePoint", isAdvisory: true)])
    }

    @Test(
        "a document that is text becomes text",
        arguments: [
            (#"{"name":"notes","source":{"text":"all of it"}}"#, "[Document: notes]\nall of it"),
            (#"{"name":"n","context":"old","format":"md","source":{"bytes":"IyBIaQ=="}}"#, "[Document: n]\nold\n# Hi"),
            (#"{"name":"n","source":{"content":[{"text":"a"},{"text":"b"}]}}"#, "[Document: n]\na\nb"),
        ])
    func documents(_ document: String, _ words: String) throws {
        let request = try said(#"{"document":\#(document)}"#)
        #expect(request.messages == [Message(.user, [.text(words)])] && request.leftovers.isEmpty)
    }

    @Test(
        "what another API can't say is left over by its path",
        arguments: [
            (
                #"{"document":{"name":"n","format":"pdf","source":{"bytes":"AAAA"}}}"#,
                "messages[0].content[0].document.source"
            ),
            (
                #"{"document":{"name":"n","format":"txt","source":{"s3Location":{"uri":"s3://b/k"}}}}"#,
                "messages[0].content[0].document.source"
            ),
            (
                #"{"image":{"format":"png","source":{"s3Location":{"uri":"s3://b/k"}}}}"#,
                "messages[0].content[0].image.source.s3Location"
            ),
            (#"{"video":{"format":"mp4","source":{"bytes":"AAAA"}}}"#, "messages[0].content[0].video"),
            (#"{"audio":{"format":"mp3","source":{"bytes":"AAAA"}}}"#, "messages[0].content[0].audio"),
            (
                #"{"searchResult":{"source":"s","title":"t","content":[{"text":"x"}]}}"#,
                "messages[0].content[0].searchResult"
            ),
            (#"{"toolAddition":{"toolSpec":{}}}"#, "messages[0].content[0].toolAddition"),
            (#"{"anything":{}}"#, "messages[0].content[0].anything"),
            (
                #"{"toolResult":{"toolUseId":"t","content":[{"video":{"format":"mp4"}}]}}"#,
                "messages[0].content[0].toolResult.content[0].video"
            ),
        ])
    func essential(_ block: String, _ field: String) throws {
        #expect(try said(block).leftovers == [Leftover(field, isAdvisory: false)])
    }

    @Test func toolsOfAmazonsOwnAreLeftOut() throws {
        let request = try said(
            #"""
            {"text":"It says 5."},{"toolUse":{"toolUseId":"s","name":"grounding","input":{},"type":"server_tool_use"}},
            {"toolResult":{"toolUseId":"s","type":"server_tool_result","content":[]}}
            """#, by: "assistant")
        #expect(request.messages == [Message(.assistant, [.text("It says 5.")])])
        #expect(
            request.leftovers.map(\.field) == ["messages[0].content[1].toolUse", "messages[0].content[2].toolResult"])
        #expect(request.leftovers.allSatisfy { $0.isAdvisory })
    }

    @Test func settingsAreRead() throws {
        let request = try asked(
            #"""
            "inferenceConfig":{"maxTokens":99,"temperature":0.5,"topP":0.9,"stopSequences":["END"]},
            "toolConfig":{"tools":[{"toolSpec":{"name":"look","description":"d","inputSchema":{"json":{"type":"object"}},"strict":true}},
            {"cachePoint":{"type":"default"}}],"toolChoice":{"tool":{"name":"look"}}},
            "outputConfig":{"effort":"low","textFormat":{"type":"json_schema","structure":{"jsonSchema":{"name":"n","schema":"{\"type\":\"object\"}"}}}},
            "additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2048},"top_k":20},
            "requestMetadata":{"team":"a"},"serviceTier":{"type":"flex"},"performanceConfig":{"latency":"optimized"},
            "additionalModelResponseFieldPaths":["/stop_sequence"]
            """#)
        #expect(request.maxTokens == 99 && request.temperature == 0.5 && request.topP == 0.9 && request.stop == ["END"])
        let tool = Tool(name: "look", description: "d", parameters: fragment(#"{"type":"object"}"#), isStrict: true)
        #expect(request.tools == [tool] && request.toolChoice == .tool("look"))
        #expect(request.effort == "low" && request.topK == 20 && request.reasoning == .budget(2048))
        guard case .jsonSchema("n", nil, let schema, true)? = request.responseFormat else {
            Issue.record("\(String(describing: request.responseFormat))")
            return
        }
        #expect(schema.text == #"{"type":"object"}"#)
        #expect(
            request.leftovers.map(\.field).sorted() == [
                "additionalModelResponseFieldPaths", "cachePoint", "performanceConfig", "requestMetadata",
                "serviceTier",
            ])
        #expect(request.leftovers.allSatisfy { $0.isAdvisory })
    }

    @Test(
        "a member without which the answer would be another is left over",
        arguments: [
            (#""guardrailConfig":{"guardrailIdentifier":"g","guardrailVersion":"1"}"#, "guardrailConfig"),
            (#""promptVariables":{"a":{"text":"b"}}"#, "promptVariables"), (#""new":1"#, "new"),
            (#""inferenceConfig":{"n":2}"#, "inferenceConfig.n"),
            (#""additionalModelRequestFields":{"mystery":1}"#, "additionalModelRequestFields.mystery"),
            (#""toolConfig":{"tools":[{"systemTool":{"name":"nova_grounding"}}]}"#, "toolConfig.tools[0].systemTool"),
            (#""outputConfig":{"textFormat":{"type":"xml"}}"#, "outputConfig.textFormat.type"),
        ])
    func unknown(_ members: String, _ field: String) throws {
        #expect(try asked(members).leftovers == [Leftover(field, isAdvisory: false)])
    }

    @Test(
        "a request that is wrong is refused with its field",
        arguments: [
            (#"{"messages":"Hi"}"#, "messages"), (#"{}"#, "messages"), (#"{"messages":[]}"#, "messages"),
            (#"[]"#, nil), (#"{"messages":[{"role":"user"}]}"#, "messages[0].content"),
            (#"{"messages":[{"role":"tool","content":[]}]}"#, "messages[0].role"),
            (#"{"messages":[{"role":"user","content":"Hi"}]}"#, "messages[0].content"),
            (#"{"messages":[{"role":"user","content":[{}]}]}"#, "messages[0].content[0]"),
            (#"{"messages":[{"role":"user","content":[{"text":"a","image":{}}]}]}"#, "messages[0].content[0]"),
            (#"{"messages":[{"role":"user","content":[{"text":1}]}]}"#, "messages[0].content[0].text"),
            (
                #"{"messages":[{"role":"user","content":[{"image":{"format":"png"}}]}]}"#,
                "messages[0].content[0].image.source"
            ),
            (
                #"{"messages":[{"role":"user","content":[{"image":{"format":"bmp","source":{"bytes":"AAAA"}}}]}]}"#,
                "messages[0].content[0].image.format"
            ),
            (
                #"{"messages":[{"role":"user","content":[{"toolUse":{"toolUseId":"a","name":"b"}}]}]}"#,
                "messages[0].content[0].toolUse"
            ),
            (
                #"{"messages":[{"role":"assistant","content":[{"toolUse":{"name":"b"}}]}]}"#,
                "messages[0].content[0].toolUse.toolUseId"
            ),
            (
                #"{"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"maxTokens":0}}"#,
                "inferenceConfig.maxTokens"
            ),
            (
                #"{"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"temperature":2}}"#,
                "inferenceConfig.temperature"
            ),
            (
                #"{"messages":[{"role":"user","content":[{"text":"x"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"a"}}]}}"#,
                "toolConfig.tools[0].toolSpec.inputSchema"
            ),
            (
                #"{"messages":[{"role":"user","content":[{"text":"x"}]}],"toolConfig":{"toolChoice":{"none":{}}}}"#,
                "toolConfig.toolChoice.none"
            ),
            (
                #"{"messages":[{"role":"user","content":[{"text":"x"}]}],"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"no"}}}}}"#,
                "outputConfig.textFormat.structure.jsonSchema.schema"
            ),
        ] as [(String, String?)])
    func wrong(_ body: String, _ field: String?) throws {
        let document = try JSONDocument(body)
        let found = problem { try converse.decodeChat(document, at: CalledPath(model: "m", isStream: false)) }
        #expect(found?.kind == .invalidRequest && found?.field == field, "\(String(describing: found))")
    }

    @Test(
        arguments: [
            (#"{"inferenceConfig":{"maxTokens":7}}"#, 7), (#"{"inferenceConfig":{}}"#, nil), ("{}", nil),
            (#"{"inferenceConfig":[7]}"#, nil), (#"{"max_tokens":7}"#, nil),
        ] as [(String, Int?)])
    func theMostTokensAreRead(_ body: String, _ most: Int?) throws {
        #expect(try converse.mostTokens(JSONDocument(body, limits: .skim).root) == most)
    }

    @Test func brokenArgumentsComeBackAsTheyWere() throws {
        let block = #"{"toolUse":{"toolUseId":"a","name":"f","input":{"INVALID_JSON":"{\"a"}}}"#
        #expect(
            try said(block, by: "assistant").messages[0].content
                == [.toolCall(ToolCall(id: "a", name: "f", arguments: "{\"a"))])
    }
}
