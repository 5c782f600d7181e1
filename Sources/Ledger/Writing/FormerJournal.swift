import Crypto

/// The journal as it was written before, a new file after each checkpoint: a
/// crash may have left one to the version that came after it.
///
/// A file is named after the index of its first entry, in 20 digits. A group
/// is `HFJ1` and the head and entries as in ``Journal``, and the first 16
/// bytes of the SHA-256 of all that.
enum FormerJournal {
    private static let magic = Array("HFJ1".utf8)

    static func read(_ files: any LedgerFiles) throws(LedgerProblem) -> [Journal.Group] {
        var groups: [Journal.Group] = []
        let names = try files.names(in: Journal.folder).filter { $0.utf8.count == 20 && UInt64($0) != nil }
        for name in names.sorted() {
            let bytes = try files.read("\(Journal.folder)/\(name)") ?? []
            groups += Journal.groups(in: bytes, magic: magic) { head, entries, _ in
                Array(SHA256.hash(data: head + entries.bytes).prefix(Journal.sum))
            }
        }
        return groups
    }
}
