import Conversation
import NIOCore
import Wire

/// The members of a request that every response to it repeats, with what is
/// meant where the request doesn't say them.
struct EchoedRequest {
    /// As JSON without braces; all but the two below, which may change with the
    /// answer.
    let members: ByteBuffer
    let metadata: JSONFragment
    /// The tier that the request asks for; nil where it asks for none.
    let serviceTier: JSONFragment?

    /// - Parameter said: The members that the request says, each once.
    init(_ said: [EchoedMember]) {
        var (metadata, serviceTier) = (JSONFragment.emptyObject, JSONFragment?.none)
        var others: [(place: Int, member: EchoedMember)] = []
        for member in said {
            switch member.name {
            case "metadata": metadata = member.value
            case "service_tier": serviceTier = member.value
            default: others.append((Self.places[member.name] ?? Self.rows.count, member))
            }
        }
        (self.metadata, self.serviceTier) = (metadata, serviceTier)
        guard !others.isEmpty else {
            members = Self.unsaid(from: 0, to: Self.rows.count)
            return
        }
        others.sort { $0.place < $1.place }
        var json = JSONWriter(ByteBufferAllocator().buffer(capacity: 1024))
        var next = 0
        for (place, member) in others {
            json.contents(encoded: Self.unsaid(from: next, to: place))
            json.key(dynamic: member.name)
            json.value(member.value)
            next = place + 1
        }
        json.contents(encoded: Self.unsaid(from: next, to: Self.rows.count))
        members = json.buffer
    }

    /// Returns the members that a request says, as its responses repeat them.
    static func members(saidBy request: JSONView) -> [EchoedMember] {
        var members: [EchoedMember] = []
        for (name, value) in request.members where !value.isNull {
            guard let name = name.word else { continue }
            if let place = places[name] {
                members.append(EchoedMember(name, rows[place].echo.value(of: value)))
            } else if names.contains(name), name != "service_tier" || !value.isString("auto") {
                members.append(EchoedMember(name, value.fragment))
            }
        }
        return members
    }

    private enum Echo {
        /// The value as it came, or another.
        case or(JSONFragment)
        case tools, text, reasoning

        func value(of view: JSONView?) -> JSONFragment {
            switch self {
            case .or(let other): view?.fragment ?? other
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

    /// In the order in which a response has them; `user` comes after them, where
    /// it is said.
    private static let rows: [(name: StaticString, echo: Echo)] = [
        ("instructions", null), ("tools", .tools), ("tool_choice", .or(fragment { $0.value("auto") })),
        ("truncation", .or(fragment { $0.value("disabled") })),
        ("parallel_tool_calls", .or(fragment { $0.value(true) })),
        ("text", .text), ("top_p", one), ("presence_penalty", zero), ("frequency_penalty", zero),
        ("top_logprobs", zero), ("temperature", one), ("reasoning", .reasoning), ("max_output_tokens", null),
        ("max_tool_calls", null), ("background", .or(fragment { $0.value(false) })),
        ("safety_identifier", null), ("prompt_cache_key", null),
    ]

    private static let places = Dictionary(
        uniqueKeysWithValues: rows.enumerated().map { place, row in (row.name.description, place) })

    /// The names of all members that a response repeats.
    static let names = Set(places.keys).union(["user", "metadata", "service_tier"])

    /// The rows of a request that says none of them, made once, since most
    /// requests say few; and the end of each row behind the opening brace.
    private static let unsaid: (object: ByteBuffer, ends: [Int]) = {
        var json = JSONWriter()
        var ends: [Int] = []
        json.object { json in
            ends.append(json.buffer.readableBytes - 1)
            for row in rows {
                json.key(row.name)
                json.value(row.echo.value(of: nil))
                ends.append(json.buffer.readableBytes)
            }
        }
        return (json.buffer, ends)
    }()

    /// Returns the rows from a place up to another, as members with commas
    /// between, of a request that says none of them.
    private static func unsaid(from first: Int, to end: Int) -> ByteBuffer {
        guard first < end else { return ByteBuffer() }
        // A row begins behind the comma, or the brace, where the one before ends.
        let start = unsaid.ends[first] + 1
        return unsaid.object.getSlice(at: start, length: unsaid.ends[end] - start) ?? ByteBuffer()
    }

    /// Returns whether a request asked for a summary of the reasoning; true where
    /// nothing is known of the request.
    static func asksForSummary(_ said: [EchoedMember]?) -> Bool {
        guard let said else { return true }
        guard let reasoning = said.first(where: { $0.name == "reasoning" })?.value,
            let root = (try? reasoning.document())?.root
        else { return false }
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
