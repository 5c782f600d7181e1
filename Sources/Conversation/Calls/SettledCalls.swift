/// The tool calls of a conversation, told apart for an API.
///
/// A conversation may hold ids that two models gave twice, ids of another
/// API's form, and none at all where a server leaves them out. On the way out
/// every call gets an id that the API takes and that no other call has, and
/// every result names the call that it answers: the last one of its id that
/// has no result yet, or, where it names none, the next in order.
package struct SettledCalls {
    private let form: CallIDForm
    private var used: Set<String> = []
    /// Calls that have no result yet, of all turns.
    private var open: [(said: String, written: String, turn: Int)] = []
    private var turn = 0
    /// Ids of calls that need no change.
    private var reserved: Set<String> = []
    /// The last id that was written for one that a caller gave.
    private var written: [String: String] = [:]

    private init(_ form: CallIDForm) { self.form = form }

    /// The messages with the ids that an API of that form is sent.
    package static func settle(_ messages: [Message], for form: CallIDForm) -> [Message] {
        guard messages.contains(where: { $0.content.contains(where: \.isCallOrResult) }) else { return messages }
        var settled = SettledCalls(form)
        // An id that stands as it is must not be made a second time out of another.
        for message in messages {
            for case .toolCall(let call) in message.content where form.write(call.id) == call.id {
                settled.reserved.insert(call.id)
            }
        }
        var messages = messages
        for index in messages.indices {
            settled.turn = index
            for place in messages[index].content.indices {
                switch messages[index].content[place] {
                case .toolCall(var call):
                    call.id = settled.id(ofCall: call.id)
                    messages[index].content[place] = .toolCall(call)
                case .toolResult(var result):
                    result.callID = settled.id(ofResult: result.callID)
                    messages[index].content[place] = .toolResult(result)
                default: break
                }
            }
        }
        return messages
    }

    private mutating func id(ofCall said: String) -> String {
        let base = said.isEmpty ? form.write("call_\(used.count)") : form.write(said)
        var id = base
        var number = 2
        while used.contains(id) || id != said && reserved.contains(id) {
            id = form.another(base, number)
            number += 1
        }
        used.insert(id)
        open.append((said, id, turn))
        written[said] = id
        return id
    }

    private mutating func id(ofResult said: String) -> String {
        // Of the latest turn that has such a call, the first one.
        let latest = open.last { said.isEmpty || $0.said == said }?.turn
        let place = open.firstIndex { $0.turn == latest && (said.isEmpty || $0.said == said) }
        if let place { return open.remove(at: place).written }
        return written[said] ?? form.write(said.isEmpty ? "call_\(used.count)" : said)
    }
}

/// The calls of an answer as their caller knows them: with the tools' own
/// names, and with ids of which the conversation has none already.
///
/// Some servers give every call of every answer the same id, or none: two
/// turns later the conversation would hold one id twice, which callers
/// confuse and other providers refuse.
package struct AnsweredCalls: Sendable {
    private let request: ChatRequest
    private let names: ToolNames
    /// Filled with the first call.
    private var used: Set<String>?

    /// - Parameter dialect: the provider's.
    package init(_ request: ChatRequest, from dialect: any Dialect) {
        self.request = request
        names = ToolNames(request, longest: dialect.longestToolName)
    }

    package mutating func rename(_ reply: inout ChatReply) {
        for index in reply.choices.indices {
            for place in reply.choices[index].content.indices {
                guard case .toolCall(var call) = reply.choices[index].content[place] else { continue }
                call.id = fresh(call.id)
                call.name = names.read(call.name)
                reply.choices[index].content[place] = .toolCall(call)
            }
        }
    }

    package mutating func rename(_ event: StreamEvent) -> StreamEvent {
        guard case .toolCallStarted(let choice, let call, let id, let name) = event else { return event }
        return .toolCallStarted(choice: choice, call: call, id: fresh(id), name: names.read(name))
    }

    private mutating func fresh(_ id: String) -> String {
        var used = used ?? idsInUse
        var fresh = id
        var number = 2
        while used.contains(fresh) {
            fresh = "\(id)_\(number)"
            number += 1
        }
        used.insert(fresh)
        self.used = used
        return fresh
    }

    private var idsInUse: Set<String> {
        var ids: Set<String> = []
        for message in request.messages {
            for case .toolCall(let call) in message.content { ids.insert(call.id) }
        }
        return ids
    }
}

extension Part {
    fileprivate var isCallOrResult: Bool {
        switch self {
        case .toolCall, .toolResult: true
        default: false
        }
    }
}
