import Conversation

/// One step between the events of a candidate and those of the caller.
protocol EventFilter {
    /// True when it looks at tool calls only; all other events pass without a
    /// call.
    var looksAtCallsOnly: Bool { get }
    /// - Returns: The event in its place; nil where none follows.
    mutating func pass(_ event: StreamEvent) -> StreamEvent?
}

/// The filters of one stream, in the order in which events pass them.
struct EventFilters {
    private var filters: [any EventFilter]

    init(_ filters: [any EventFilter]) { self.filters = filters }

    mutating func pass(_ event: StreamEvent) -> StreamEvent? {
        let isCall = event.isToolCall
        var event = event
        for index in filters.indices where isCall || !filters[index].looksAtCallsOnly {
            guard let passed = filters[index].pass(event) else { return nil }
            event = passed
        }
        return event
    }
}

extension SingleToolCall: EventFilter {
    var looksAtCallsOnly: Bool { true }
    func pass(_ event: StreamEvent) -> StreamEvent? { admits(event) ? event : nil }
}

extension AnsweredCalls: EventFilter {
    var looksAtCallsOnly: Bool { true }
    mutating func pass(_ event: StreamEvent) -> StreamEvent? { rename(event) }
}

extension DisclosureFilter: EventFilter {
    var looksAtCallsOnly: Bool { false }
}

extension StreamEvent {
    fileprivate var isToolCall: Bool {
        switch self {
        case .toolCallStarted, .toolCallArguments: true
        default: false
        }
    }
}
