import Conversation
import NIOCore
import Wire

/// The members of a request that every response repeats, with what is meant
/// where a request doesn't say them.
enum EchoedRequest {
    /// The members of a response to a request of which nothing is known.
    static let unsaid: [EchoedMember] = rows.map { name, echo in
        EchoedMember(name.description, echo.value(of: nil))
    }

    static func members(of request: JSONView) -> [EchoedMember] {
        // Most requests say few of them: the others are made once, for all.
        var members = unsaid
        var user: JSONFragment?
        for (name, value) in request.members where !value.isNull {
            if let index = rows.firstIndex(where: { name.isString($0.0) }) {
                members[index].value = rows[index].1.value(of: value)
            } else if name.isString("user") {
                user = value.fragment
            }
        }
        if let user { members.append(EchoedMember("user", user)) }
        return members
    }

    private enum Echo {
        /// The value as it came, or another.
        case or(JSONFragment)
        /// A word; `auto` and nothing are another.
        case tier(JSONFragment)
        case tools, text, reasoning

        func value(of view: JSONView?) -> JSONFragment {
            switch self {
            case .or(let other): view?.fragment ?? other
            case .tier(let other): view.flatMap { $0.isString("auto") ? nil : $0.fragment } ?? other
            case .tools: EchoedRequest.fragment { EchoedRequest.write(tools: view, to: &$0) }
            case .text: EchoedRequest.fragment { EchoedRequest.write(text: view, to: &$0) }
            case .reasoning: EchoedRequest.fragment { EchoedRequest.write(reasoning: view, to: &$0) }
            }
        }
    }

    private static func fragment(_ write: (inout JSONWriter) -> Void) -> JSONFragment {
        var json = JSONWriter()
        write(&json)
        return json.fragment
    }

    private static let null = Echo.or(fragment { $0.null() })
    private static let zero = Echo.or(fragment { $0.value(0) })
    private static let one = Echo.or(fragment { $0.value(1) })

    private static let rows: [(StaticString, Echo)] = [
        ("instructions", null), ("tools", .tools), ("tool_choice", .or(fragment { $0.value("auto") })),
        ("truncation", .or(fragment { $0.value("disabled") })),
        ("parallel_tool_calls", .or(fragment { $0.value(true) })),
        ("text", .text), ("top_p", one), ("presence_penalty", zero), ("frequency_penalty", zero),
        ("top_logprobs", zero), ("temperature", one), ("reasoning", .reasoning), ("max_output_tokens", null),
        ("max_tool_calls", null), ("background", .or(fragment { $0.value(false) })),
        ("service_tier", .tier(fragment { $0.value("default") })), ("metadata", .or(.emptyObject)),
        ("safety_identifier", null), ("prompt_cache_key", null),
    ]

    /// The names of all members above, for whoever repeats what a response said.
    static let names: Set<String> = Set(rows.map(\.0.description)).union(["user"])

    /// Returns whether a request asked for a summary of the reasoning.
    static func asksForSummary(_ echoed: [EchoedMember]) -> Bool {
        guard let reasoning = echoed.first(where: { $0.name == "reasoning" })?.value else { return true }
        guard let root = (try? reasoning.document())?.root else { return false }
        return (["summary", "generate_summary"] as [StaticString]).contains { name in
            root.members.contains { $0.name.isString(name) && !$0.value.isNull && !$0.value.isString("none") }
        }
    }

    /// A function's members are all there, null where they say nothing.
    private static func write(tools: JSONView?, to json: inout JSONWriter) {
        json.array { json in
            guard let tools, tools.kind == .array else { return }
            for tool in tools.elements {
                guard tool["type"]?.isString("function") == true else {
                    json.value(tool.fragment)
                    continue
                }
                json.object { json in
                    write(tool, unless: [], to: &json)
                    for name in ["description", "parameters", "strict"] as [StaticString] where tool[name] == nil {
                        json.null(name)
                    }
                }
            }
        }
    }

    private static func write(text: JSONView?, to json: inout JSONWriter) {
        json.object { json in
            json.object("format") { json in
                if let format = text?["format"], format.kind == .object {
                    write(format, unless: [], to: &json)
                    guard format["type"]?.isString("json_schema") == true else { return }
                    if format["description"] == nil { json.null("description") }
                    if format["strict"] == nil { json.member("strict", false) }
                } else {
                    json.member("type", "text")
                }
            }
            json.member("verbosity", text?["verbosity"]?.word ?? "medium")
            if let text { write(text, unless: ["format", "verbosity"], to: &json) }
        }
    }

    private static func write(reasoning: JSONView?, to json: inout JSONWriter) {
        json.object { json in
            if let reasoning { write(reasoning, unless: [], to: &json) }
            for name in ["effort", "summary"] as [StaticString] where reasoning?[name] == nil { json.null(name) }
        }
    }

    private static func write(_ object: JSONView, unless known: [String], to json: inout JSONWriter) {
        for (name, value) in object.members {
            let name = name.string ?? ""
            guard !known.contains(name) else { continue }
            json.key(dynamic: name)
            json.value(value.fragment)
        }
    }
}
