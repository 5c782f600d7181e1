import Conversation
import NIOCore
import Wire

/// The texts of a request that every answer to it repeats, and the scopes that
/// they have.
enum RepeatedTexts {
    /// The scopes of the members that may hold text.
    static let scopes: [String: PassageScope] = [
        "instructions": .system, "text": .system, "tools": .toolDefinition, "metadata": .user, "prompt": .user,
        "user": .user, "safety_identifier": .user, "prompt_cache_key": .user,
    ]

    /// Returns those members of a request, as it has them.
    private static func members(of request: ByteBuffer) -> [(name: String, value: JSONView)] {
        guard let root = (try? JSONDocument(request, limits: .skim))?.root else { return [] }
        var members: [(name: String, value: JSONView)] = []
        for (name, value) in root.members {
            guard let name = name.word, scopes[name] != nil, !value.isNull,
                let value = (try? value.fragment.document())?.root
            else { continue }
            members.append((name, value))
        }
        return members
    }

    /// Returns whether a request is one of Codex's own, by the names that it gives
    /// its metadata.
    static func isOfCodex(_ request: ByteBuffer) -> Bool {
        guard let root = (try? JSONDocument(request, limits: .skim))?.root, let metadata = root["client_metadata"],
            metadata.kind == .object, let named = (try? metadata.fragment.document())?.root
        else { return false }
        return named.members.contains { $0.name.word?.hasPrefix("x-codex-") == true }
    }

    /// Calls `body` with every string in them, names included.
    static func each(of request: ByteBuffer, _ body: (_ text: String, _ scope: PassageScope) -> Void) {
        for (name, value) in members(of: request) {
            guard let scope = scopes[name] else { continue }
            value.eachString { _, text in body(text, scope) }
        }
    }

    /// Returns an answer's passages without those that stand in the request.
    static func without(_ passages: RequestPassages, of request: ByteBuffer) -> RequestPassages {
        var json = JSONWriter()
        json.object { json in
            for (name, value) in members(of: request) {
                json.key(dynamic: name)
                json.value(value.fragment)
            }
        }
        guard let document = try? JSONDocument(json.buffer),
            let judged = try? PassageReader.passages(of: document, by: PassageTables.requests)
        else { return passages }
        let heard = Set(judged.passages.map { Heard(scope: $0.scope, bytes: ByteBuffer(string: $0.text)) })
        var left = passages
        left.passages.removeAll { passage in
            let member = passage.path.prefix { $0 != "." }
            return scopes[String(member)] != nil
                && heard.contains(Heard(scope: passage.scope, bytes: ByteBuffer(string: passage.text)))
        }
        return left
    }

    private struct Heard: Hashable {
        var scope: PassageScope
        var bytes: ByteBuffer
    }
}
