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

    init(_ tables: UnicodeTables = .shared) { self.tables = tables }

    var count: Int { scalars.count }

    /// Adds one character's folding.
    @inline(__always)
    mutating func push(_ scalar: UInt32, _ record: CharacterRecord) {
        if record.foldingCount > 0 {
            for place in Int(record.foldingStart)..<Int(record.foldingStart) + Int(record.foldingCount) {
                let part = tables.parts[place]
                append(part, part < 0x300 ? 0 : tables.record(part).order)
            }
        } else if scalar >= 0xAC00, Hangul.syllables.contains(scalar) {
            Hangul.decompose(scalar) { append($0, 0) }
        } else {
            append(scalar, record.order)
        }
    }

    /// Adds an ASCII character.
    @inline(__always)
    mutating func push(ascii byte: UInt8) { append(UInt32(byte), 0) }

    @inline(__always)
    private mutating func append(_ scalar: UInt32, _ order: UInt8) {
        marks = order == 0 ? 0 : marks + 1
        guard marks <= Self.most else { return }
        scalars.append(scalar)
        orders.append(order)
    }

    /// Composes what was pushed, hands each character over, and is empty then.
    mutating func flush(_ take: (UInt32) -> Void) {
        sort()
        compose()
        for scalar in scalars { take(scalar) }
        scalars.removeAll(keepingCapacity: true)
        orders.removeAll(keepingCapacity: true)
        marks = 0
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

extension UnicodeTables {
    /// Folds a text by NFKC and full case folding alone (Unicode's
    /// NFKC_Casefold, but characters that are ignorable stay).
    func folded(_ text: String.UnicodeScalarView) -> [UInt8] {
        var composer = Composer(self)
        for scalar in text { composer.push(scalar.value, record(scalar.value)) }
        var bytes: [UInt8] = []
        composer.flush { Characters.append($0, to: &bytes) }
        return bytes
    }
}
