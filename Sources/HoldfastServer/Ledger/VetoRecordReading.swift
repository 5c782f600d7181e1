import Encodings
package import Ledger
import Wire

/// The veto's record, as it was read out of a ledger's entries.
package struct VetoRecordReading: Sendable {
    /// The record's entries, in the order of the ledger.
    package private(set) var bodies: [[UInt8]] = []
    /// Entries that were sealed with another secret, or are damaged.
    package private(set) var unreadable = 0
    /// The ledger's entries up to which it was read.
    package let size: UInt64

    /// - Parameters:
    ///   - size: the entries that the ledger has.
    ///   - start: the first entry that is read.
    /// - Throws: ``LedgerProblem`` where a bundle of entries is missing that
    ///   wasn't pruned, or is damaged.
    package init(
        _ reader: any LedgerReader, size: UInt64, from start: UInt64, seal: VetoSeal
    ) throws(LedgerProblem) {
        self.size = size
        let first = max(start, try reader.minimumIndex())
        guard first < size else { return }
        for bundle in first / 256...(size - 1) / 256 {
            let tile = Tile(.entries, index: bundle, width: Int(min(256, size - bundle * 256)))
            guard let bytes = try reader.bytes(of: tile), let ranges = EntryBundle.ranges(bytes, count: tile.width)
            else { throw LedgerProblem("\(tile.path) is missing or damaged") }
            for (offset, range) in ranges.enumerated() where bundle * 256 + UInt64(offset) >= first {
                take(bytes[range], seal)
            }
        }
    }

    private mutating func take(_ entry: ArraySlice<UInt8>, _ seal: VetoSeal) {
        // A map's head of one byte, then `v` and `kind`, which begin every
        // entry: nearly all are recognized by these bytes as others.
        guard entry.dropFirst().starts(with: Self.beginning) else { return }
        guard let text = EntryText(entry)?.document?.root["sealed"]?.string, let sealed = Base64.decode(text),
            let body = seal.open(sealed)
        else {
            unreadable += 1
            return
        }
        bodies.append(body)
    }

    private static let beginning: [UInt8] = {
        let kind = Array(EntryKind.vetoRecord.rawValue.utf8)
        return [UInt8(EntryMember.v.rawValue), 2, UInt8(EntryMember.kind.rawValue), 0x60 | UInt8(kind.count)] + kind
    }()
}
