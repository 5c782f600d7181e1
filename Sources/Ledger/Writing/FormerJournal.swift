import Crypto

/// The journal as it was written before, a new file after each checkpoint: a
/// crash may have left one to the version that came after it.
///
/// A file is named after the index of its first entry, in 20 digits. A group
/// is `HFJ1` and the head and entries as in ``Journal``, and the first 16
/// bytes of the SHA-256 of all that.
enum FormerJournal {
    private static let magic = Array("HFJ1".utf8)
    private static let head = 16
    private static let sum = 16

    static func read(_ files: any LedgerFiles) throws(LedgerProblem) -> [Journal.Group] {
        var groups: [Journal.Group] = []
        let names = try files.names(in: Journal.folder).filter { $0.utf8.count == 20 && UInt64($0) != nil }
        for name in names.sorted() { groups += read(try files.read("\(Journal.folder)/\(name)") ?? []) }
        return groups
    }

    private static func read(_ bytes: [UInt8]) -> [Journal.Group] {
        var groups: [Journal.Group] = []
        var place = 0
        while place + head + sum <= bytes.count, bytes[place..<place + magic.count].elementsEqual(magic) {
            let index = bytes[place + 4..<place + 12].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let length = Int(bytes[place + 12..<place + head].reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
            let end = place + head + length
            guard end + sum <= bytes.count,
                SHA256.hash(data: bytes[place..<end]).prefix(sum).elementsEqual(bytes[end..<end + sum]),
                let entries = EntryGroup(bundle: bytes[place + head..<end])
            else { break }
            groups.append(Journal.Group(index: index, entries: entries, leaves: entries.leaves))
            place = end + sum
        }
        return groups
    }
}
