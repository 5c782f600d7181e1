/// Looks for stop sequences in text that goes on from what was sent.
///
/// The candidate looks for them in its own text; one that began in what was
/// sent only shows here. Text that could be the beginning of one waits.
struct StopSequences {
    enum Finding: Equatable {
        case text(Scalars)
        /// The text before the sequence, and the sequence.
        case stopped(Scalars, sequence: String)
    }

    private let sequences: [Scalars]
    /// The end of what was sent, and what waits.
    private var window: Scalars
    /// The number of scalars in `window` that were sent.
    private var sent: Int

    init(_ sequences: [String], after text: Scalars) {
        self.sequences = sequences.map { Scalars($0) }.filter { !$0.isEmpty }
        let longest = self.sequences.map(\.count).max() ?? 0
        window = Scalars(text.suffix(max(0, longest - 1)))
        sent = window.count
    }

    mutating func take(_ text: Scalars) -> Finding {
        guard !sequences.isEmpty else { return .text(text) }
        let judged = window.count
        window += text
        if let (start, sequence) = firstMatch(from: judged) {
            return .stopped(Scalars(window[sent..<max(sent, start)]), sequence: sequence)
        }
        // What could still become one, from its earliest beginning.
        let open = window.indices.first { start in
            let rest = window[start...]
            return sequences.contains { $0.count > rest.count && $0.starts(with: rest) }
        }
        let ready = max(sent, open ?? window.count)
        let out = Scalars(window[sent..<ready])
        let longest = sequences.map(\.count).max() ?? 0
        sent = ready
        let surplus = max(0, sent - (longest - 1))
        window.removeFirst(surplus)
        sent -= surplus
        return .text(out)
    }

    /// Nothing more comes: what waits is text after all.
    mutating func end() -> Scalars {
        defer { sent = window.count }
        return Scalars(window[sent...])
    }

    /// The sequence that ends first, among those that end after `judged`.
    private func firstMatch(from judged: Int) -> (start: Int, sequence: String)? {
        guard judged < window.count else { return nil }
        for end in judged + 1...window.count {
            for sequence in sequences where sequence.count <= end {
                let start = end - sequence.count
                if window[start..<end].elementsEqual(sequence) { return (start, String(sequence)) }
            }
        }
        return nil
    }
}
