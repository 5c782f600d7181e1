import Conversation
import NIOCore
import Wire

/// The items of an answer that is being written: those that are whole, and those
/// that are open.
struct ItemQueue {
    var ids = ResponseIDs("")
    /// True where reasoning is told as it comes, and not with its item alone.
    var tellsReasoning = true
    /// The whole items, by their places; nil for one that is open.
    private var items: [ByteBuffer?] = []
    private var spoken: SpokenItem?
    /// The last one that has ended, as it was before.
    private var spokenBefore: SpokenItem?
    /// The calls that are open, and those that have ended: a provider may leave
    /// open what ends here.
    private var calls: [CalledItem] = []
    /// Open items that can't be gone on with, as they began.
    private var abandoned: [(index: Int, begun: JSONFragment)] = []
    private var isFinished = false

    /// The items that are whole, in their order.
    var output: [ByteBuffer] { items.compactMap { $0 } }

    // MARK: Saying

    mutating func say(
        _ text: String, as part: OutputPart, logprobs: [TokenLogprob], _ lines: inout EventLines,
        to bytes: inout ByteBuffer
    ) {
        let isReasoning = part == .summary
        if spoken?.isReasoning != isReasoning { begin(isReasoning ? .reasoning : .message, &lines, to: &bytes) }
        spoken?.say(text, as: part, logprobs: logprobs, &lines, to: &bytes)
    }

    /// Puts what its maker alone can read into the open reasoning, and ends it.
    /// - Parameter isWhole: True where it belongs to no words.
    mutating func encrypt(
        _ encrypted: String, isWhole: Bool, _ lines: inout EventLines, to bytes: inout ByteBuffer
    ) {
        if isWhole || spoken?.isReasoning != true { begin(.reasoning, &lines, to: &bytes) }
        spoken?.encrypted = encrypted
        endSpoken("completed", &lines, to: &bytes)
    }

    private mutating func begin(_ kind: OutputItem.Kind, _ lines: inout EventLines, to bytes: inout ByteBuffer) {
        endSpoken("completed", &lines, to: &bytes)
        endCalls(&lines, to: &bytes, isEnd: false)
        var item = SpokenItem(kind, id: ids.item(kind, at: items.count), at: items.count)
        item.isQuiet = kind == .reasoning && !tellsReasoning
        items.append(nil)
        item.begin(&lines, to: &bytes)
        spoken = item
    }

    mutating func call(
        _ call: OutputItem.Call, number: Int, _ lines: inout EventLines, to bytes: inout ByteBuffer
    ) {
        guard openCall(number) == nil else { return }
        endSpoken("completed", &lines, to: &bytes)
        endCalls(&lines, to: &bytes, isEnd: false)
        let item = CalledItem(call, number: number, id: ids.item(call.kind, at: items.count), at: items.count)
        items.append(nil)
        item.begin(&lines, to: &bytes)
        calls.append(item)
    }

    mutating func argue(
        _ fragment: String, of number: Int, _ lines: inout EventLines, to bytes: inout ByteBuffer
    ) {
        guard let place = openCall(number) else { return }
        calls[place].say(fragment, &lines, to: &bytes)
    }

    private func openCall(_ number: Int) -> Int? { calls.lastIndex { $0.number == number && !$0.hasEnded } }

    /// More of the same kind is a new part, or a new item.
    mutating func endPart(_ lines: inout EventLines, to bytes: inout ByteBuffer) {
        if spoken?.isReasoning == true {
            endSpoken("completed", &lines, to: &bytes)
        } else if spoken != nil {
            spoken?.endPart(&lines, to: &bytes)
        } else {
            endCalls(&lines, to: &bytes, isEnd: true)
        }
    }

    // MARK: Ending

    private mutating func endSpoken(
        _ status: String, _ lines: inout EventLines, to bytes: inout ByteBuffer
    ) {
        guard var item = spoken else { return }
        (spoken, spokenBefore) = (nil, item)
        items[item.index] = item.end(status, &lines, to: &bytes)
    }

    /// - Parameter isEnd: True where also calls end that don't look whole.
    private mutating func endCalls(
        _ lines: inout EventLines, to bytes: inout ByteBuffer, isEnd: Bool, status: String = "completed"
    ) {
        for place in calls.indices where !calls[place].hasEnded {
            let item = calls[place]
            guard isEnd || item.isComplete else { continue }
            let isCut = item.index == items.count - 1 && !item.isComplete
            items[item.index] = calls[place].end(isCut ? status : "completed", &lines, to: &bytes)
        }
    }

    /// Ends what is open. An answer that said nothing has an empty message.
    /// - Parameter reason: The end of the answer, where it is known.
    mutating func finish(_ reason: FinishReason?, _ lines: inout EventLines, to bytes: inout ByteBuffer) {
        guard !isFinished else { return }
        isFinished = true
        let isIncomplete = ResponseObject.Status(reason).isIncomplete
        if items.isEmpty, !isIncomplete { say("", as: .text, logprobs: [], &lines, to: &bytes) }
        let status = isIncomplete ? "incomplete" : "completed"
        endSpoken(status, &lines, to: &bytes)
        endCalls(&lines, to: &bytes, isEnd: true, status: status)
        for item in abandoned { items[item.index] = OutputItem.end(item.begun, at: item.index, &lines, to: &bytes) }
        abandoned = []
    }

    // MARK: Another candidate

    /// Takes over the items of a stream that passed as it came: those that are
    /// open there end here.
    mutating func goOn(from place: StreamPlace) {
        let (said, made) = (spoken ?? spokenBefore, calls)
        (items, spoken, calls, isFinished) = ([], nil, [], false)
        for (index, item) in place.items.enumerated() {
            switch item {
            case .whole(let item): items.append(item.bytes)
            case .open(let item):
                items.append(nil)
                takeOver(item, at: index, said: said, made: made)
            }
        }
    }

    private mutating func takeOver(
        _ item: StreamPlace.OpenItem, at index: Int, said: SpokenItem?, made: [CalledItem]
    ) {
        let view = try? item.begun.document().root
        switch view.flatMap(OutputItem.Kind.init) {
        case let kind? where (kind == .message || kind == .reasoning) && spoken == nil:
            spoken = SpokenItem(kind, id: view?["id"]?.string ?? "", at: index, goingOnFrom: item, told: said)
        default:
            if let view, let call = made.last(where: { $0.number == item.call }) {
                calls.append(call.moved(to: view, at: index, isSaid: item.isSaid))
            } else {
                abandoned.append((index, item.begun))
            }
        }
    }
}
