import Conversation

/// The tools that a request offers, as functions with names of their own.
///
/// A tool of a namespace is called `namespace__tool`. Each function that isn't a
/// plain one of its own name remembers its origin, so that a call of it is told
/// as a call of the tool.
struct OfferedTools {
    /// A tool as callers name it in calls.
    struct Key: Hashable {
        var namespace: String?
        var name: String
        var takesText = false

        /// The name of the function, unless another tool has it.
        var wanted: String { namespace.map { $0.isEmpty ? name : "\($0)__\(name)" } ?? name }
    }

    private(set) var tools: [Tool] = []
    /// The places of the tools above.
    private var places: [Key: Int] = [:]
    /// The functions' names, also of tools that only a call names.
    private var names: [Key: String] = [:]
    private var taken: Set<String> = []
    /// The types of the tools that run at their provider, and can't be offered.
    private var leftOut: Set<String> = []

    /// Offers a tool; one of the same name before it is replaced, as tools are
    /// that a search finds again.
    mutating func add(_ tool: Tool, as key: Key, isSearch: Bool = false) {
        var tool = tool
        tool.name = name(of: key)
        if tool.name != key.name || key.namespace != nil || key.takesText || isSearch {
            tool.origin = ToolOrigin(
                name: key.name, namespace: key.namespace, takesText: key.takesText, isSearch: isSearch)
        }
        if let place = places[key] {
            tools[place] = tool
        } else {
            places[key] = tools.count
            tools.append(tool)
        }
    }

    /// Returns the name of the function that stands for a tool.
    mutating func name(of key: Key) -> String {
        if let name = names[key] { return name }
        let wanted = key.wanted
        var name = wanted
        var number = 2
        while !taken.insert(name).inserted {
            name = "\(wanted)_\(number)"
            number += 1
        }
        names[key] = name
        return name
    }

    /// Returns the functions among the tools that a caller allows.
    func only(_ allowed: Set<Key>) -> [Tool] {
        let kept = Set(allowed.compactMap { places[$0] })
        return tools.indices.filter(kept.contains).map { tools[$0] }
    }

    func offers(_ key: Key) -> Bool { places[key] != nil }

    mutating func leaveOut(_ type: String) { leftOut.insert(Self.family(type)) }

    /// Returns whether a tool of that type was among the tools, and was left out.
    func hasLeftOut(_ type: String) -> Bool { leftOut.contains(Self.family(type)) }

    var hasLeftOutAny: Bool { !leftOut.isEmpty }

    /// A search goes by several names: `web_search_preview`, and some with a date.
    private static func family(_ type: String) -> String { type.hasPrefix("web_search") ? "web_search" : type }
}
