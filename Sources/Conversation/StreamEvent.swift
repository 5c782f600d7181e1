package import Wire

/// A step of an answer that is still being given.
///
/// Within one choice, parts come in the order in which they are to be read;
/// fragments of a tool call name the call by `call`, which counts from 0 in
/// each choice.
package enum StreamEvent: Sendable, Equatable {
    /// First of all, once.
    case started(id: String, model: String, created: Int?)
    case text(choice: Int, String)
    case refusal(choice: Int, String)
    case thinking(choice: Int, String)
    /// Ends the thinking that came before it.
    case thinkingSignature(choice: Int, String)
    case redactedThinking(choice: Int, String)
    case toolCallStarted(choice: Int, call: Int, id: String, name: String)
    case toolCallArguments(choice: Int, call: Int, fragment: String)
    /// The end of the present part: more content of its kind is a new part.
    /// Only dialects that have parts send it.
    case partEnded(choice: Int)
    /// A part of a kind that the shared terms don't know: what a provider's
    /// own tools did. Who tells the stream anew leaves it out.
    case foreignPart
    case logprobs(choice: Int, [TokenLogprob])
    case finished(choice: Int, FinishReason, stopSequence: String?)
    /// The cost as far as it is known; the last one counts. Counts that are not
    /// yet known are those of an earlier event, or 0.
    case usage(Usage)
    /// The change to another candidate, which continues the answer from here
    /// on. Only Holdfast makes this event; no dialect decodes into it.
    /// - Parameters:
    ///   - by: The candidate, as `provider/model`.
    ///   - model: The name that the candidate gives itself.
    ///   - cause: The cause for which the previous candidate stopped, a word of
    ///     the failure table.
    ///   - at: The number of characters (Unicode scalars) of text that were
    ///     sent before.
    case continued(by: String, model: String, cause: String, at: Int)
    case ping
    /// The provider gave up in mid-answer.
    case failed(ProviderError)
    /// The dialect's own terminal event: `data: [DONE]`, `message_stop`. A
    /// stream that ends without it was cut off.
    case ended
}

/// The place at which a stream stands in an API whose events are numbered and
/// name their items (OpenAI's Responses): enough for another candidate to go on
/// with the same items, and to tell the end of each exactly once.
package struct StreamPlace: Sendable, Equatable {
    /// The number of the last event.
    package var sequence: Int
    /// The items so far, by their places in the answer.
    package var items: [Item]

    package enum Item: Sendable, Equatable {
        /// An item that has ended, as it was told.
        case whole(JSONFragment)
        case open(OpenItem)
    }

    /// An item that has begun and hasn't ended.
    package struct OpenItem: Sendable, Equatable {
        /// The item as it was told when it began.
        package var begun: JSONFragment
        /// The number of its call in the shared terms; nil where it is none.
        package var call: Int?
        /// The part that has begun and hasn't ended; nil where none has.
        package var part: OpenPart?
        /// The parts that are whole, as they were told.
        package var parts: [JSONFragment]
        /// True once the text of the open part, or of the call, has been told
        /// whole: nothing but the end of the part or of the item is missing.
        package var isSaid: Bool
        /// The words of the open part that the shared terms have no place for:
        /// reasoning that is told a second time, beside its summary.
        package var unheard = ""

        package init(
            begun: JSONFragment, call: Int? = nil, part: OpenPart? = nil, parts: [JSONFragment] = [],
            isSaid: Bool = false
        ) {
            self.begun = begun
            self.call = call
            self.part = part
            self.parts = parts
            self.isSaid = isSaid
        }
    }

    package struct OpenPart: Sendable, Equatable {
        package var number: Int
        /// True for a part of a reasoning's summary, which is numbered apart from
        /// what the item contains.
        package var isSummary: Bool
        /// The part as it was told when it began; nil where it began without an
        /// event.
        package var begun: JSONFragment?

        package init(_ number: Int, isSummary: Bool = false, begun: JSONFragment? = nil) {
            self.number = number
            self.isSummary = isSummary
            self.begun = begun
        }
    }

    package init(sequence: Int, items: [Item] = []) {
        self.sequence = sequence
        self.items = items
    }

    /// Changes an item that is open.
    package mutating func change(_ place: Int, _ change: (inout OpenItem) -> Void) {
        guard items.indices.contains(place), case .open(var open) = items[place] else { return }
        change(&open)
        items[place] = .open(open)
    }
}
