import Conversation
import NIOCore
import Wire

/// A call that a model is making.
struct CalledItem {
    let id: String
    /// The place in the answer.
    let index: Int
    /// The number of its call in the shared terms.
    let number: Int
    private var call: OutputItem.Call
    private var progress = ArgumentsProgress()
    private var input = CustomInputReader()
    /// True once its arguments have been told whole.
    private var isSaid = false
    private(set) var hasEnded = false
    /// The members of its events that say where it belongs.
    private let place: ByteBuffer

    init(_ call: OutputItem.Call, number: Int, id: String, at index: Int) {
        self.call = call
        self.number = number
        self.id = id
        self.index = index
        var place = ByteBuffer(string: ",\"item_id\":")
        JSONString.append(id, to: &place)
        place.writeString(",\"output_index\":\(index)")
        self.place = place
    }

    /// The same call as an item that passed as it came, and hasn't ended.
    /// - Parameters:
    ///   - begun: The item as it was told when it began.
    ///   - isSaid: True once the arguments have been told whole there.
    func moved(to begun: JSONView, at index: Int, isSaid: Bool) -> CalledItem {
        var call = call
        call.tool = ToolOrigin(calledIn: begun)
        var item = CalledItem(call, number: number, id: begun["id"]?.string ?? "", at: index)
        item.progress = progress
        item.input = input
        item.isSaid = isSaid
        return item
    }

    /// True once nothing more belongs to its arguments.
    var isComplete: Bool { progress.isComplete }

    func begin(_ lines: inout EventLines, to bytes: inout ByteBuffer) {
        lines.write("response.output_item.added", to: &bytes) { json in
            json.member("output_index", index)
            json.key("item")
            call.write(id: id, "in_progress", said: nil, to: &json)
        }
    }

    mutating func say(_ fragment: String, _ lines: inout EventLines, to bytes: inout ByteBuffer) {
        progress.consume(fragment)
        let text = call.kind == .customCall ? input.take(fragment) : fragment
        tell(text, &lines, to: &bytes)
    }

    private mutating func tell(_ text: String, _ lines: inout EventLines, to bytes: inout ByteBuffer) {
        guard !text.isEmpty else { return }
        call.said += text
        switch call.kind {
        case .customCall: lines.delta("response.custom_tool_call_input.delta", place, text, to: &bytes)
        // It has no such event: its arguments come whole.
        case .searchCall: break
        default: lines.delta("response.function_call_arguments.delta", place, text, to: &bytes)
        }
    }

    /// Ends the call.
    /// - Returns: The whole item.
    mutating func end(_ status: String, _ lines: inout EventLines, to bytes: inout ByteBuffer) -> ByteBuffer {
        hasEnded = true
        let isCustom = call.kind == .customCall
        // No arguments at all are an empty object.
        let rest = isCustom ? input.end() : progress.isBlank ? "{}" : ""
        input = CustomInputReader()
        if isSaid { call.said += rest } else { tell(rest, &lines, to: &bytes) }
        if call.kind != .searchCall, !isSaid {
            let type: StaticString =
                isCustom ? "response.custom_tool_call_input.done" : "response.function_call_arguments.done"
            lines.write(type, to: &bytes) { json in
                json.member("item_id", id)
                json.member("output_index", index)
                if !isCustom { json.member("name", call.tool.name) }
                json.member(isCustom ? "input" : "arguments", call.said)
            }
        }
        let whole = OutputItem.call(call, id, status, said: call.said)
        lines.write("response.output_item.done", to: &bytes) { json in
            json.member("output_index", index)
            json.key("item")
            json.value(encoded: whole)
        }
        return whole
    }
}

extension ToolOrigin {
    /// The tool that an item calls.
    fileprivate init(calledIn item: JSONView) {
        let kind = ItemKind(item)
        self.init(
            name: item["name"]?.string ?? "", namespace: item["namespace"]?.string, takesText: kind == .customCall,
            isSearch: kind == .searchCall)
    }
}
