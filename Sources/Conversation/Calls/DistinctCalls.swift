/// The tool calls of a conversation, told apart for an API.
///
/// A conversation may hold ids that two models gave twice, ids of another
/// API's form, and none at all where a server leaves them out. On the way out
/// every call gets an id that the API takes and that no other call has, and
/// every result names the call that it answers: the last one of its id that
/// has no result yet, or, where it names none, the next in order.
///
/// Takes time in proportion to the number of calls, whatever their ids.
package struct DistinctCalls {
    private let form: CallIDForm
    private var fresh = FreshIDs()
    private var waiting = WaitingCalls()
    /// The last id that was written for one that a caller gave.
    private var written: [String: String] = [:]
    private var count = 0

    private init(_ form: CallIDForm) { self.form = form }

    /// The messages with the ids that an API of that form is sent.
    package static func makeDistinct(_ messages: [Message], for form: CallIDForm) -> [Message] {
        guard messages.contains(where: { $0.content.contains(where: \.isCallOrResult) }) else { return messages }
        var settled = DistinctCalls(form)
        // An id that stands as it is must not be made a second time out of another.
        for message in messages {
            for case .toolCall(let call) in message.content where form.write(call.id) == call.id {
                settled.fresh.reserve(call.id)
            }
        }
        var messages = messages
        for index in messages.indices {
            for place in messages[index].content.indices {
                switch messages[index].content[place] {
                case .toolCall(var call):
                    call.id = settled.id(ofCall: call.id, turn: index)
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

    private mutating func id(ofCall said: String, turn: Int) -> String {
        defer { count += 1 }
        let base = said.isEmpty ? form.write("call_\(count)") : form.write(said)
        let id = fresh.make(of: base, for: said) { [form] in form.another(base, $0) }
        waiting.add(said, id, turn: turn)
        written[said] = id
        return id
    }

    private mutating func id(ofResult said: String) -> String {
        waiting.answer(said) ?? written[said] ?? form.write(said.isEmpty ? "call_\(count)" : said)
    }
}

/// Ids of which none is given twice.
private struct FreshIDs {
    private var used: Set<String> = []
    /// Ids that are kept for whoever has them by name.
    private var reserved: Set<String> = []
    /// The number that was tried last for each id: trying all anew would take
    /// the square of their count.
    private var tried: [String: Int] = [:]

    mutating func reserve(_ id: String) { reserved.insert(id) }

    /// - Parameters:
    ///   - said: the caller's id, which may be one of the reserved.
    ///   - another: the id of a number from 2 up.
    mutating func make(of base: String, for said: String, _ another: (Int) -> String) -> String {
        var id = base
        var number = tried[base] ?? 1
        while used.contains(id) || id != said && reserved.contains(id) {
            number += 1
            id = another(number)
        }
        if number > 1 { tried[base] = number }
        used.insert(id)
        return id
    }
}

/// The calls of a conversation that have no result yet.
private struct WaitingCalls {
    /// Calls of one turn, in their order.
    private struct Turn {
        let number: Int
        var ids: [String] = []
        /// The first that may be unanswered.
        var next = 0
    }

    private var turns: [Turn] = []
    private var turnsOfID: [String: [Turn]] = [:]
    private var answered: Set<String> = []

    mutating func add(_ said: String, _ id: String, turn: Int) {
        Self.add(id, turn, to: &turns)
        Self.add(id, turn, to: &turnsOfID[said, default: []])
    }

    private static func add(_ id: String, _ turn: Int, to turns: inout [Turn]) {
        if turns.last?.number != turn { turns.append(Turn(number: turn)) }
        turns[turns.count - 1].ids.append(id)
    }

    /// The call that a result answers: of the latest turn that has such a call,
    /// the first one. A result that names none answers any.
    mutating func answer(_ said: String) -> String? {
        let id =
            said.isEmpty
            ? Self.take(from: &turns, answered) : Self.take(from: &turnsOfID[said, default: []], answered)
        if let id { answered.insert(id) }
        return id
    }

    private static func take(from turns: inout [Turn], _ answered: Set<String>) -> String? {
        while let last = turns.indices.last {
            while turns[last].next < turns[last].ids.count {
                let id = turns[last].ids[turns[last].next]
                turns[last].next += 1
                if !answered.contains(id) { return id }
            }
            turns.removeLast()
        }
        return nil
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
    /// Made with the first call.
    private var ids: FreshIDs?

    /// - Parameter dialect: the provider's.
    package init(_ request: ChatRequest, from dialect: any ProviderProtocol) {
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
        var ids = ids ?? idsOfRequest
        self.ids = nil
        defer { self.ids = ids }
        return ids.make(of: id, for: "") { "\(id)_\($0)" }
    }

    private var idsOfRequest: FreshIDs {
        var ids = FreshIDs()
        for message in request.messages {
            for case .toolCall(let call) in message.content { ids.reserve(call.id) }
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
