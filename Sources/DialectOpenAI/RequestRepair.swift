import Conversation
import NIOCore
import Wire

/// A request of a caller of this dialect, as the provider's own server takes
/// it: the name of the token limit, and ids of calls that another model has
/// made. Only where the settings or the address say which server it is.
///
/// Changes are splices: all other bytes stay as they came.
struct RequestRepair {
    private let traits: ServerTraits
    private let model: String
    private var splices: Splices

    static func repair(_ body: ByteBuffer, model: String, traits: ServerTraits, into splices: inout Splices) {
        // Most requests are told apart by a search through their bytes.
        let (hasOtherLimit, hasCalls) = body.withUnsafeReadableBytes { bytes in
            let other: StaticString =
                traits.tokenLimit == .maxTokens ? "\"max_completion_tokens\"" : "\"max_tokens\""
            return (bytes.place(of: other) != nil, traits.callIDs != .free && bytes.place(of: "\"tool_call") != nil)
        }
        guard hasOtherLimit || hasCalls, let document = try? JSONDocument(body, limits: hasCalls ? .whole : .skim)
        else { return }
        var repair = RequestRepair(traits: traits, model: model, splices: splices)
        repair.renameLimit(document.root)
        if hasCalls { repair.renameCalls(document.root) }
        splices = repair.splices
    }

    /// OpenAI's older models take both names.
    private mutating func renameLimit(_ root: JSONView) {
        var names: [String: JSONView] = [:]
        for (name, value) in root.members where !value.isNull {
            if name.isString("max_tokens") || name.isString("max_completion_tokens") { names[name.word ?? ""] = name }
        }
        guard names.count == 1, let (said, name) = names.first, said != traits.tokenLimit.rawValue else { return }
        if traits.tokenLimit == .maxCompletionTokens, traits.takesSampling(model) { return }
        splices.replace(name, with: traits.tokenLimit.rawValue)
    }

    private mutating func renameCalls(_ root: JSONView) {
        guard let messages = root["messages"], messages.kind == .array else { return }
        // The same order as in the shared terms, so that one rule settles both.
        var turns: [Message] = []
        var places: [JSONView?] = []
        for message in messages.elements {
            if let calls = message["tool_calls"] {
                var turn = Message(.assistant, [])
                for call in calls.elements {
                    let id = call["id"]
                    places.append(id)
                    turn.content.append(.toolCall(ToolCall(id: id?.string ?? "", name: "", arguments: "")))
                }
                turns.append(turn)
            } else if let id = message["tool_call_id"] {
                places.append(id)
                turns.append(Message(.user, [.toolResult(ToolResult(callID: id.string ?? "", content: []))]))
            }
        }
        let settled = DistinctCalls.makeDistinct(turns, for: traits.callIDs).flatMap(\.content)
        for (part, place) in zip(settled, places) {
            guard let place, place.kind == .string else { continue }
            switch part {
            case .toolCall(let call): if !place.isText(call.id) { splices.replace(place, with: call.id) }
            case .toolResult(let result):
                if !place.isText(result.callID) { splices.replace(place, with: result.callID) }
            default: break
            }
        }
    }
}

extension JSONView {
    fileprivate func isText(_ text: String) -> Bool { string.map { $0.utf8.elementsEqual(text.utf8) } ?? false }
}
