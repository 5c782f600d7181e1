/// A search for many byte strings at once: a single pass over a text, at a
/// cost per byte that doesn't depend on their number (Aho and Corasick,
/// "Efficient string matching", 1975).
struct ByteAutomaton: Sendable {
    /// The place of a search between two bytes. A search can stop at any byte
    /// and go on with the next piece of its text.
    typealias State = Int32

    static let start: State = 0

    /// Bytes that no pattern tells apart have one class.
    private let classes: [UInt8]
    private let width: Int
    /// The next state by state and class.
    private let next: [State]
    /// For each state, the patterns that end there, and apart from them
    /// whether there are any: that alone is asked at every byte.
    private let found: [[Int]]
    private let ends: [Bool]

    var isEmpty: Bool { found.count <= 1 }

    /// - Parameter patterns: Byte strings with the number that is reported for
    ///   each; empty ones are never found.
    init(_ patterns: [(bytes: [UInt8], number: Int)]) {
        var classes = [UInt8](repeating: 0, count: 256)
        var width = 1
        for byte in patterns.lazy.flatMap(\.bytes) where classes[Int(byte)] == 0 {
            // 255 classes and the one of all other bytes: a 256th kind of byte
            // can't occur, because 0xFF stands in no UTF-8.
            if width < 256 {
                classes[Int(byte)] = UInt8(width)
                width += 1
            }
        }
        var next = [State](repeating: -1, count: width)
        var found: [[Int]] = [[]]
        for pattern in patterns where !pattern.bytes.isEmpty {
            var state = 0
            for byte in pattern.bytes {
                let edge = state * width + Int(classes[Int(byte)])
                if next[edge] < 0 {
                    next[edge] = State(found.count)
                    found.append([])
                    next.append(contentsOf: repeatElement(-1, count: width))
                }
                state = Int(next[edge])
            }
            found[state].append(pattern.number)
        }
        var fallback = [Int](repeating: 0, count: found.count)
        var queue = [0]
        var head = 0
        while head < queue.count {
            let state = queue[head]
            head += 1
            for edge in 0..<width {
                let beyond = state == 0 ? 0 : Int(next[fallback[state] * width + edge])
                let target = Int(next[state * width + edge])
                if target < 0 {
                    next[state * width + edge] = State(beyond)
                } else {
                    fallback[target] = beyond
                    found[target] += found[beyond]
                    queue.append(target)
                }
            }
        }
        self.classes = classes
        self.width = width
        self.next = next
        self.found = found
        ends = found.map { !$0.isEmpty }
    }

    /// Reads one byte, and adds the numbers of the patterns that end with it.
    @inline(__always)
    func read(_ byte: UInt8, _ state: inout State, _ hits: inout LiteralHits) {
        state = next[Int(state) * width + Int(classes[Int(byte)])]
        if ends[Int(state)] { hits.insert(found[Int(state)]) }
    }
}

/// The numbers of the clauses whose literals were found.
struct LiteralHits: Sendable, Equatable {
    private(set) var clauses: Set<Int> = []
    /// A text can hold one phrase a million times; most additions are none.
    private var last: [Int] = []

    mutating func insert(_ numbers: [Int]) {
        if numbers == last { return }
        last = numbers
        clauses.formUnion(numbers)
    }

    mutating func add(_ other: Self) { clauses.formUnion(other.clauses) }
}
