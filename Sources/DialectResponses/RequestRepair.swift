import Conversation
import NIOCore
import Wire

/// A request of a caller of this dialect, as it may go to a provider: nothing
/// of it is kept there, and it brings no items that the provider can't read.
///
/// Changes are splices: all other bytes stay as they came.
struct RequestRepair {
    private(set) var splices: Splices
    private(set) var dropped: [String] = []

    init(splices: Splices) { self.splices = splices }

    /// Says `store: false`: a conversation that one provider keeps is lost where
    /// another has to go on with it.
    mutating func keepNothing(of body: JSONView) {
        if let store = body["store"] {
            guard store.bool != false else { return }
            splices.replace(store, with: ByteBuffer(string: "false"))
        } else {
            guard body.kind == .object else { return }
            let start = body.range.lowerBound + 1
            let isEmpty = body.members.first { _ in true } == nil
            splices.replace(start..<start, with: ByteBuffer(string: isEmpty ? #""store":false"# : #""store":false,"#))
        }
        dropped.append("store")
    }

    // MARK: Items

    /// Leaves out what the provider can't read: items that others have made, and
    /// reasoning that stands nowhere but in what nobody keeps.
    /// - Parameter foreign: The numbers of items, in their order.
    /// - Throws: ``CannotCarry`` where no item is left.
    mutating func leaveOutItems(of body: JSONView, foreign: [Int]) throws(CannotCarry) {
        guard let input = body["input"], input.kind == .array, !foreign.isEmpty || BoundItems.mayBeIn(input),
            let document = try? JSONDocument(input.fragment.bytes, limits: BoundItems.limits)
        else { return }
        let unknown = Set(foreign)
        var leftOut: [Int] = []
        var all = 0
        for (index, item) in document.root.elements.enumerated() {
            all += 1
            guard unknown.contains(index) || Self.isUnreadable(item) else { continue }
            leftOut.append(index)
            dropped.append("input[\(index)] (\(item["type"]?.word ?? "item"))")
        }
        guard !leftOut.isEmpty else { return }
        if leftOut.count == all, body["prompt"]?.isNull ?? true { throw .nothingButReasoning }
        splices.replace(input, with: Self.kept(document.root, without: Set(leftOut)))
    }

    /// Reasoning of Holdfast's own making, and reasoning without its content:
    /// a provider that keeps nothing can't look it up.
    private static func isUnreadable(_ item: JSONView) -> Bool {
        guard ItemKind(item) == .reasoning else { return false }
        if let encrypted = item["encrypted_content"], !encrypted.saysNothing { return OwnReasoning.isOwn(encrypted) }
        guard let content = item["content"], !content.isNull else { return true }
        // Skimmed: an empty list is two brackets.
        return content.range.count <= 2
    }

    /// The items that stay, without the ids by which a provider would look for
    /// the ones that were left out.
    private static func kept(_ items: JSONView, without leftOut: Set<Int>) -> ByteBuffer {
        var kept = ByteBuffer(string: "[")
        var isFirst = true
        for (index, item) in items.elements.enumerated() where !leftOut.contains(index) {
            if !isFirst { kept.writeStaticString(",") }
            isFirst = false
            kept.writeImmutableBuffer(withoutID(item))
        }
        kept.writeStaticString("]")
        return kept
    }

    private static func withoutID(_ item: JSONView) -> ByteBuffer {
        guard item.kind == .object, item["id"] != nil, item["type"]?.isString("item_reference") != true else {
            return item.fragment.bytes
        }
        var json = JSONWriter()
        json.object { json in
            for (name, value) in item.members where !name.isString("id") {
                json.key(dynamic: name.string ?? "")
                json.value(value.fragment)
            }
        }
        return json.buffer
    }
}

extension CannotCarry {
    /// An input of which a provider could read nothing.
    static let nothingButReasoning = CannotCarry(
        "input", "holds nothing but reasoning that only another provider can read. Send a message, too")
}
