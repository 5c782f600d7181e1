import NIOCore
package import Wire

/// A tool call's input. Anthropic has a JSON object there; other dialects
/// have the text that the model wrote, which may be anything.
package enum ToolInput {
    /// The arguments as an object, nil where they are none. Arguments that
    /// say nothing, or `null`, are the empty object.
    package static func object(_ arguments: String) -> JSONFragment? {
        if arguments.utf8.allSatisfy(isSpace) { return .emptyObject }
        guard let root = (try? JSONDocument(arguments))?.root else { return nil }
        switch root.kind {
        case .object: return root.fragment
        case .null: return .emptyObject
        default: return nil
        }
    }

    /// An object in any case: what is none is wrapped, so that the caller
    /// can read the reply and sees what the model wrote. The name is the one
    /// Anthropic suggests for invalid input:
    /// https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/fine-grained-tool-streaming
    package static func objectOrWrapped(_ arguments: String) -> JSONFragment {
        if let object = object(arguments) { return object }
        var json = JSONWriter()
        json.object { $0.member("INVALID_JSON", arguments) }
        // What was just written is JSON.
        return (try? JSONDocument(json.buffer).root.fragment) ?? .emptyObject
    }

    /// The arguments that ``objectOrWrapped(_:)`` has wrapped; nil for any
    /// other object.
    package static func wrapped(in object: JSONView) -> String? {
        var members = object.members
        guard let only = members.next(), only.name.isString("INVALID_JSON"), members.next() == nil else { return nil }
        return only.value.string
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}
