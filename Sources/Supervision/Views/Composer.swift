/// Unicode's canonical ordering and composition of a short run of characters
/// that are decomposed already.
///
/// Characters are pushed as their foldings. The order is stable, the work
/// linear: no more than ``most`` marks in a row are kept, as in the
/// Stream-Safe Text Format of UAX #15, which stops at 30.
struct Composer: Sendable {
    static let most = 30

    private let tables: UnicodeTables
    private(set) var scalars: [UInt32] = []
    private var orders: [UInt8] = []
    private var marks = 0
    /// A character has a combining class, or may compose with one before it.
    private var isLoose = false

    init(_ tables: UnicodeTables = .shared) { self.tables = tables }

    var count: Int { scalars.count }

    /// Adds one character's folding.
    @inline(__always)
    mutating func push(_ scalar: UInt32, _ record: CharacterRecord) {
        if record.foldingCount > 0 {
            for place in Int(record.foldingStart)..<Int(record.foldingStart) + Int(record.foldingCount) {
                let part = tables.parts[place]
                if part < 0x300 { append(part, 0) } else { append(part, tables.record(part)) }
            }
        } else if scalar >= 0xAC00, Hangul.syllables.contains(scalar) {
            isLoose = true
            Hangul.decompose(scalar) { append($0, 0) }
        } else {
            append(scalar, record)
        }
    }

    /// Adds an ASCII character.
    @inline(__always)
    mutating func push(ascii byte: UInt8) { append(UInt32(byte), 0) }

    @inline(__always)
    private mutating func append(_ scalar: UInt32, _ record: CharacterRecord) {
        if record.order != 0 || record.composesBack { isLoose = true }
        append(scalar, record.order)
    }

    @inline(__always)
    private mutating func append(_ scalar: UInt32, _ order: UInt8) {
        marks = order == 0 ? 0 : marks + 1
        guard marks <= Self.most else { return }
        scalars.append(scalar)
        orders.append(order)
    }

    /// Composes what was pushed, hands each character over, and is empty then.
    mutating func flush(_ take: (UInt32) -> Void) {
        if isLoose {
            sort()
            compose()
        }
        for scalar in scalars { take(scalar) }
        scalars.removeAll(keepingCapacity: true)
        orders.removeAll(keepingCapacity: true)
        marks = 0
        isLoose = false
    }

    /// Sorts marks between two starters by their class. Runs are short.
    private mutating func sort() {
        guard orders.count > 1 else { return }
        for place in 1..<orders.count where orders[place] != 0 {
            let scalar = scalars[place]
            let order = orders[place]
            var hole = place
            while hole > 0, orders[hole - 1] > order {
                scalars[hole] = scalars[hole - 1]
                orders[hole] = orders[hole - 1]
                hole -= 1
            }
            scalars[hole] = scalar
            orders[hole] = order
        }
    }

    private mutating func compose() {
        var starter: Int?
        var written = 0
        /// The class of the last character that stands behind the starter.
        var last: UInt8 = 0
        for place in scalars.indices {
            let scalar = scalars[place]
            let order = orders[place]
            if let base = starter, last < order || written == base + 1,
                scalar >= 0x300, tables.record(scalar).composesBack,
                let composite = tables.composite(scalars[base], scalar)
            {
                scalars[base] = composite
                continue
            }
            if order == 0 { starter = written }
            last = order
            scalars[written] = scalar
            orders[written] = order
            written += 1
        }
        scalars.removeLast(scalars.count - written)
        orders.removeLast(orders.count - written)
    }
}

/// Unicode's NFKC_Casefold of a text, but that ignorable characters stay: the
/// part of ``CanonicalText/fold(_:)`` that the Unicode standard defines.
package enum CompatibilityFolding {
    /// The version of the Unicode standard.
    package static let version = "15.0.0"

    package static func fold(_ text: String.UnicodeScalarView) -> [UInt8] {
        let tables = UnicodeTables.shared
        var composer = Composer(tables)
        for scalar in text { composer.push(scalar.value, tables.record(scalar.value)) }
        var bytes: [UInt8] = []
        composer.flush { Characters.append($0, to: &bytes) }
        return bytes
    }
}
