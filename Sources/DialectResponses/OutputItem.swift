import Conversation
import NIOCore
import Wire

/// The items of an answer, as JSON.
///
/// https://platform.openai.com/docs/api-reference/responses/object#responses/object-output
enum OutputItem {
    enum Kind {
        case message, reasoning, functionCall, customCall, searchCall

        var prefix: String {
            switch self {
            case .message: "msg_"
            case .reasoning: "rs_"
            case .functionCall: "fc_"
            case .customCall: "ctc_"
            case .searchCall: "tsc_"
            }
        }

        /// The kind of an item that a provider has told.
        init?(of item: JSONView) {
            switch item["type"]?.word {
            case "message": self = .message
            case "reasoning": self = .reasoning
            case "function_call": self = .functionCall
            case "custom_tool_call": self = .customCall
            case "tool_search_call": self = .searchCall
            default: return nil
            }
        }
    }

    /// A call, with the tool that it calls.
    struct Call {
        var id: String
        var tool: ToolOrigin
        /// Arguments as JSON text, or the tool's own text.
        var said = ""

        var kind: Kind { tool.isSearch ? .searchCall : tool.takesText ? .customCall : .functionCall }

        /// - Parameter said: Nil for what hasn't been said yet.
        func write(id item: String, _ status: String, said: String?, to json: inout JSONWriter) {
            json.object { json in
                json.member("id", item)
                switch kind {
                case .customCall:
                    json.member("type", "custom_tool_call")
                    json.member("status", status)
                    json.member("call_id", id)
                    json.member("name", tool.name)
                    json.member("input", said ?? "")
                case .searchCall:
                    json.member("type", "tool_search_call")
                    json.member("status", status)
                    json.member("call_id", id)
                    json.member("execution", "client")
                    // The one call whose arguments are no text.
                    let arguments = said.flatMap { try? JSONDocument($0).root }
                    json.member(
                        "arguments", arguments.flatMap { $0.kind == .object ? $0.fragment : nil } ?? .emptyObject)
                default:
                    json.member("type", "function_call")
                    json.member("status", status)
                    json.member("call_id", id)
                    json.member("name", tool.name)
                    json.member("arguments", said ?? "")
                }
                json.member("namespace", ifPresent: tool.namespace)
            }
        }
    }

    static func message(_ id: String, _ status: String, _ parts: [ByteBuffer]) -> ByteBuffer {
        encoded { json in
            writeMessage(id, status, to: &json) { json in for part in parts { json.value(encoded: part) } }
        }
    }

    /// - Parameter parts: Writes the message's parts.
    static func writeMessage(
        _ id: String, _ status: String, to json: inout JSONWriter, parts: (inout JSONWriter) -> Void
    ) {
        json.object { json in
            json.member("id", id)
            json.member("type", "message")
            json.member("status", status)
            json.member("role", "assistant")
            json.array("content", parts)
        }
    }

    /// - Parameter content: The parts of the reasoning itself, which some
    ///   providers tell beside its summary.
    static func reasoning(
        _ id: String, _ parts: [ByteBuffer], content: [ByteBuffer] = [], encrypted: String?
    ) -> ByteBuffer {
        encoded { json in
            json.object { json in
                json.member("id", id)
                json.member("type", "reasoning")
                json.array("summary") { json in for part in parts { json.value(encoded: part) } }
                if !content.isEmpty {
                    json.array("content") { json in for part in content { json.value(encoded: part) } }
                }
                json.member("encrypted_content", ifPresent: encrypted)
            }
        }
    }

    static func call(_ call: Call, _ id: String, _ status: String, said: String?) -> ByteBuffer {
        encoded { call.write(id: id, status, said: said, to: &$0) }
    }

    /// Ends an item of another provider's, of which only the beginning is known.
    /// - Returns: The whole item.
    static func end(
        _ begun: JSONFragment, at index: Int, _ lines: inout EventLines, to bytes: inout ByteBuffer
    ) -> ByteBuffer {
        let whole = encoded { json in
            json.object { json in
                guard let root = (try? begun.document())?.root else { return }
                for (name, value) in root.members {
                    json.key(dynamic: name.string ?? "")
                    if name.isString("status") { json.value("incomplete") } else { json.value(value.fragment) }
                }
            }
        }
        lines.write("response.output_item.done", to: &bytes) { json in
            json.member("output_index", index)
            json.key("item")
            json.value(encoded: whole)
        }
        return whole
    }

    static func encoded(_ write: (inout JSONWriter) -> Void) -> ByteBuffer {
        var json = JSONWriter()
        write(&json)
        return json.buffer
    }
}

/// A part of an item: of a message's content, of a reasoning's summary, or of the
/// reasoning itself.
enum OutputPart {
    case text, refusal, summary, reasoning

    /// The kind of a part that a provider has told.
    init(of part: JSONView) {
        switch part["type"]?.word {
        case "refusal": self = .refusal
        case "summary_text": self = .summary
        case "reasoning_text": self = .reasoning
        default: self = .text
        }
    }

    /// True for the parts that stand in an item's `content`, and are numbered
    /// there.
    var isContent: Bool { self != .summary }

    /// - Parameter logprobs: The tokens' entries, as JSON with commas between.
    func encoded(_ text: String, logprobs: ByteBuffer = ByteBuffer()) -> ByteBuffer {
        OutputItem.encoded { write(text, logprobs: logprobs, to: &$0) }
    }

    /// - Parameter logprobs: The tokens' entries, as JSON with commas between.
    func write(_ text: String, logprobs: ByteBuffer = ByteBuffer(), to json: inout JSONWriter) {
        json.object { json in
            switch self {
            case .text:
                json.member("type", "output_text")
                json.member("text", text)
                json.array("annotations") { _ in }
                json.array("logprobs") { $0.contents(encoded: logprobs) }
            case .refusal:
                json.member("type", "refusal")
                json.member("refusal", text)
            case .summary:
                json.member("type", "summary_text")
                json.member("text", text)
            case .reasoning:
                json.member("type", "reasoning_text")
                json.member("text", text)
            }
        }
    }

    /// Appends the entries of tokens.
    static func append(_ tokens: [TokenLogprob], to entries: inout ByteBuffer) {
        for token in tokens {
            if entries.readableBytes > 0 { entries.writeStaticString(",") }
            entries.writeImmutableBuffer(OutputItem.encoded { write(token, isAlternative: false, to: &$0) })
        }
    }

    private static func write(_ token: TokenLogprob, isAlternative: Bool, to json: inout JSONWriter) {
        json.object { json in
            json.member("token", token.token)
            json.member("logprob", token.logprob)
            json.array("bytes") { json in for byte in token.bytes ?? Array(token.token.utf8) { json.value(Int(byte)) } }
            guard !isAlternative else { return }
            json.array("top_logprobs") { json in
                for token in token.top { write(token, isAlternative: true, to: &json) }
            }
        }
    }
}

/// The tools behind an answer's calls.
struct CalledTools {
    private var origins: [String: ToolOrigin] = [:]

    init(_ request: ChatRequest) {
        for tool in request.tools { origins[tool.name] = tool.origin }
    }

    subscript(name: String) -> ToolOrigin { origins[name] ?? ToolOrigin(name: name) }
}
