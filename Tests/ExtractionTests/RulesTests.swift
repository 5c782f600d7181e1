import Conversation
import Extraction
import Testing
import Wire

extension ChatRequest {
    static func asking(_ change: (inout ChatRequest) -> Void) -> ChatRequest {
        var request = ChatRequest(model: "m", messages: [Message(.user, [.text("x")])])
        change(&request)
        return request
    }

    mutating func wantSchema() {
        responseFormat = .jsonSchema(
            name: nil, description: nil, schema: try! JSONFragment(checking: #"{"enum":["a","b"]}"#), isStrict: nil)
    }
}

/// Tests of the rules for requests that ask a hosted model for more than text.
@Suite struct RulesTests {
    private static let open = QueryRules(allowsLogprobs: true, allowsBias: true)
    private static let closed = QueryRules(allowsLogprobs: false, allowsBias: false)

    @Test(
        "a request measures and is let through, or is stopped at the wrong field",
        arguments: [
            (ChatRequest.asking { $0.logprobs = 0 }, "logprobs", nil),
            (.asking { $0.logprobs = 5 }, "logprobs", nil),
            (.asking { $0.logprobs = 6 }, "logprobs", "top_logprobs"),
            (.asking { $0.logitBias = ["5": 1] }, "logit_bias", nil),
            (
                .asking {
                    $0.logprobs = 5; $0.logitBias = ["5": 1]
                }, "logprobs", "logit_bias"
            ),
            (
                .asking {
                    $0.logprobs = 5; $0.presencePenalty = 1
                }, "logprobs", "presence_penalty"
            ),
            (
                .asking {
                    $0.logprobs = 5; $0.frequencyPenalty = -0.1
                }, "logprobs", "frequency_penalty"
            ),
            (
                .asking {
                    $0.frequencyPenalty = 1; $0.wantSchema()
                }, "frequency_penalty", nil
            ),
            (
                .asking {
                    $0.presencePenalty = 1; $0.tools = [Tool(name: "f")]
                }, "presence_penalty", nil
            ),
        ] as [(ChatRequest, String, String?)])
    func measuring(request: ChatRequest, closedAt: String, openAt: String?) {
        #expect(throws: CannotCarry.self) { try Self.closed.measurement(of: request) }
        do throws(CannotCarry) {
            _ = try Self.closed.measurement(of: request)
        } catch {
            #expect(error.field == closedAt)
            #expect(error.reason.contains(": leave"), "it doesn't say what to do: \(error.reason)")
        }
        do throws(CannotCarry) {
            let measurement = try Self.open.measurement(of: request)
            #expect(openAt == nil && measurement != nil)
        } catch {
            #expect(error.field == openAt)
        }
    }

    @Test(
        "an ordinary request is stopped",
        arguments: [
            ChatRequest.asking { _ in },
            .asking {
                $0.temperature = 0; $0.seed = 5; $0.topP = 0.5; $0.topK = 1
            },
            .asking {
                $0.presencePenalty = 1; $0.frequencyPenalty = 1
            },
            .asking {
                $0.presencePenalty = 0; $0.wantSchema()
            },
            .asking { $0.wantSchema() },
            .asking { $0.tools = [Tool(name: "f")] },
            .asking {
                $0.presencePenalty = 1; $0.tools = [Tool(name: "f")]; $0.toolChoice = ToolChoice.none
            },
        ])
    func ordinary(request: ChatRequest) throws {
        #expect(try Self.closed.measurement(of: request) == nil)
    }

    @Test("each permission opens the other's door") func permissionsAreApart() throws {
        let logprobs = QueryRules(allowsLogprobs: true, allowsBias: false)
        let bias = QueryRules(allowsLogprobs: false, allowsBias: true)
        #expect(throws: CannotCarry.self) { try logprobs.measurement(of: .asking { $0.logitBias = ["5": 1] }) }
        #expect(throws: CannotCarry.self) { try bias.measurement(of: .asking { $0.logprobs = 1 }) }
        #expect(try logprobs.measurement(of: .asking { $0.logprobs = 3 }) == .logprobs(alternatives: 3))
        #expect(try bias.measurement(of: .asking { $0.logitBias = ["5": 1] }) == .bias)
    }

    // MARK: What is told

    private func token(_ text: String, _ logprob: Double, top: [TokenLogprob] = []) -> TokenLogprob {
        TokenLogprob(token: text, logprob: logprob, bytes: Array(text.utf8), top: top)
    }

    @Test("what is told is finer than a tenth") func rounding() {
        #expect(LogprobTelling.rounded(-0.123456) == -0.1)
        #expect(LogprobTelling.rounded(-1.25001) == -1.3)
        #expect(LogprobTelling.rounded(-0.01).sign == .plus)
        #expect(LogprobTelling.rounded(3) == 0)
        #expect(LogprobTelling.rounded(-.infinity) == LogprobTelling.unlikely)
        #expect(LogprobTelling.rounded(.nan) == LogprobTelling.unlikely)
        #expect(LogprobTelling.rounded(-123_456) == LogprobTelling.unlikely)
    }

    @Test("a caller makes a token come and reads what it is worth") func forcedToken() throws {
        let top = (1...7).map { token("t\($0)", -Double($0) / 3) }
        let told = try #require(
            LogprobTelling.told([token("rare", -17.3, top: top), token("t2", -2.0 / 3, top: top)], alternatives: 2))
        #expect(told[0].logprob == LogprobTelling.unlikely)
        #expect(told[1].logprob == -0.7)
        #expect(told.allSatisfy { $0.top.map(\.token) == ["t1", "t2"] })
        // One that stands behind the five an engine was asked for, too.
        #expect(
            LogprobTelling.told([token("t6", -2, top: top)], alternatives: 5)?[0].logprob == LogprobTelling.unlikely)
        #expect(LogprobTelling.told([token("t6", -2, top: top)], alternatives: 5)?[0].top.count == 5)
        // An engine that gives no alternatives tells nothing.
        #expect(LogprobTelling.told([token("t6", -2)], alternatives: 5)?[0].logprob == LogprobTelling.unlikely)
    }

    @Test("what nobody asked for is told") func unasked() {
        #expect(LogprobTelling.told([token("x", -1)], alternatives: nil) == nil)
    }

    // MARK: What leaves

    @Test("an embedding's numbers are not counted") func embeddings() {
        let reply = EmbeddingsReply(
            model: "m", vectors: [.floats(Array(repeating: 0.5, count: 576)), .floats([1])], inputTokens: 3)
        #expect(ToldBytes.of(reply) == ToldBytes.ofEveryAnswer + 4 * 577)
    }

    @Test(
        "something that an engine says is not counted",
        arguments: [
            StreamEvent.text(choice: 0, "seven b"), .refusal(choice: 0, "seven b"), .thinking(choice: 0, "seven b"),
            .toolCallStarted(choice: 0, call: 0, id: "id", name: "seven"),
            .toolCallArguments(choice: 0, call: 0, fragment: "seven b"),
            .finished(choice: 0, .other("seven b"), stopSequence: nil),
            .finished(choice: 0, .stopSequence, stopSequence: "seven b"),
        ])
    func counted(event: StreamEvent) {
        #expect(ToldBytes.of(event) == 8)
    }

    @Test("a whole answer counts less than its parts") func wholeAnswer() {
        let call = ToolCall(id: "id", name: "f", arguments: "{}")
        let choice = ChatReply.Choice(
            content: [.text("text"), .thinking(text: "think", signature: nil), .toolCall(call)], finish: .endTurn,
            logprobs: [token("ab", -1, top: [token("c", -2)])])
        let reply = ChatReply(id: "ignored", model: "ignored", choices: [choice])
        #expect(ToldBytes.of(reply) == ToldBytes.ofEveryAnswer + 4 + 5 + 5 + (4 + 2 + 2) + (4 + 1 + 1))
    }
}
