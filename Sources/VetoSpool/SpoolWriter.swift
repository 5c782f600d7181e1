import Crypto
import Encodings
package import Files
import Glibc

/// The reason why nothing was written into a spool.
package enum SpoolFault: Error, Sendable, Hashable, CustomStringConvertible {
    case file(FileFault)
    /// A file that is longer than ``SpoolFolder/Kind/longestFile``.
    case tooLong(bytes: Int, limit: Int)
    /// An order without suspensions, or with too many.
    case badCount(Int)
    /// The version of the roster is taken.
    case taken(String)
    /// The numbers of suspensions have come to their end.
    case noNumbersLeft
    /// The server's secret beside the spool is damaged.
    case badKey(String)

    package var description: String {
        switch self {
        case .file(let fault): fault.description
        case .tooLong(let bytes, let limit):
            "the statement has \(bytes) bytes; it may have \(limit), so that the ledger can hold it"
        case .badCount(let count):
            "an order lists 1 to \(SpoolFolder.mostOfOneOrder) suspensions, and this one \(count)"
        case .taken(let path): "\(path) is there already"
        case .badKey(let path):
            "\(path) is no key of a veto's record: put it back from a backup; or remove it, and what is suspended by "
                + "the record is suspended again"
        case .noNumbersLeft: "the suspensions' numbers are used up; see the file `next` in the spool"
        }
    }
}

/// Writes into a spool, one process at a time; all of it is on disk once a
/// call returns.
///
/// Waits for the lock and for the disk: not for event loops.
package struct SpoolWriter: Sendable {
    package let folder: SpoolFolder
    /// The longest wait for another writer.
    private let patience: Duration

    package init(_ folder: SpoolFolder, patience: Duration = WholeFile.patience) {
        self.folder = folder
        self.patience = patience
    }

    /// Makes the folders, for one user alone: the one whose folder they are in,
    /// since root's commands write what a server of another user reads.
    package func prepare() throws(SpoolFault) {
        do throws(FileFault) {
            try Folder.makeForItsUser(Folder.above(folder.path), mode: 0o755)
            try Folder.makeForItsUser(folder.path)
            for kind in SpoolFolder.Kind.allCases { try Folder.makeForItsUser(folder.folder(of: kind)) }
        } catch {
            throw .file(error)
        }
    }

    /// Writes an order and gives its suspensions their numbers, which follow
    /// one another.
    ///
    /// - Parameters:
    ///   - count: the suspensions that it lists.
    ///   - least: the least number, for one who knows of suspensions that the
    ///     spool has lost.
    ///   - envelope: the order; called under the lock, with the number of the
    ///     first suspension, for those who say it.
    /// - Returns: the number of the first suspension.
    @discardableResult
    package func addOrder(
        count: Int, least: Int = 1, _ envelope: (_ first: Int) throws(SpoolFault) -> [UInt8]
    ) throws(SpoolFault) -> Int {
        try locked { () throws(SpoolFault) in
            let first = try take(count, least: least)
            let bytes = try envelope(first)
            try write(bytes, .orders, SpoolFolder.name(.orders, first))
            return first
        }
    }

    /// Takes numbers for suspensions that no file in `orders` stands for: those
    /// that standards order.
    /// - Returns: the first of them.
    package func takeNumbers(_ count: Int, least: Int = 1) throws(SpoolFault) -> Int {
        try locked { () throws(SpoolFault) in try take(count, least: least) }
    }

    /// Writes a statement that isn't an order. No error where it is there.
    /// - Returns: the digest, in hexadecimal digits.
    @discardableResult
    package func addStatement(_ bytes: [UInt8]) throws(SpoolFault) -> String { try addNamed(.statements, bytes) }

    /// Writes an entry of the server's record, as ``addStatement(_:)`` does.
    @discardableResult
    package func addEntry(_ bytes: [UInt8]) throws(SpoolFault) -> String { try addNamed(.log, bytes) }

    private func addNamed(_ kind: SpoolFolder.Kind, _ bytes: [UInt8]) throws(SpoolFault) -> String {
        let digest = Hex.encode(SHA256.hash(data: bytes))
        try locked { () throws(SpoolFault) in
            do throws(SpoolFault) {
                try write(bytes, kind, "\(digest).json")
            } catch {
                guard case .taken = error else { throw error }
                try replaceDamaged(bytes, kind, "\(digest).json")
            }
        }
        return digest
    }

    /// Writes a version of the roster.
    /// - Throws: ``SpoolFault/taken(_:)`` where there is one of that version,
    ///   unless it has the same bytes.
    package func addRoster(version: Int, _ bytes: [UInt8]) throws(SpoolFault) {
        try addNumbered(.roster, version, bytes)
    }

    /// Writes again what a spool has lost; an order keeps its number. No error
    /// where it is there with the same bytes.
    package func restore(_ file: SpoolFile) throws(SpoolFault) {
        switch file.kind {
        case .statements, .log: _ = try addNamed(file.kind, file.bytes)
        case .orders, .roster: try addNumbered(file.kind, file.number, file.bytes)
        }
    }

    private func addNumbered(_ kind: SpoolFolder.Kind, _ number: Int, _ bytes: [UInt8]) throws(SpoolFault) {
        try locked { () throws(SpoolFault) in
            let name = SpoolFolder.name(kind, number)
            do throws(SpoolFault) {
                try write(bytes, kind, name)
            } catch {
                guard case .taken = error, content(kind, name) == bytes else { throw error }
            }
        }
    }

    /// Writes the counter again where it is lost.
    /// - Parameter least: a number after those of all suspensions that are
    ///   known.
    package func restoreCounter(least: Int) throws(SpoolFault) {
        try locked { () throws(SpoolFault) in
            guard counter() == nil else { return }
            // An order that nobody has looked at may be longer than its name
            // says.
            let unknown = orderNumbers().filter { $0 >= least }.max().map { $0 + SpoolFolder.mostOfOneOrder }
            try writeCounter(unknown ?? max(1, least))
        }
    }

    // MARK: Numbers

    /// Takes numbers, durably; called under the lock.
    private func take(_ count: Int, least: Int) throws(SpoolFault) -> Int {
        guard (1...SpoolFolder.mostOfOneOrder).contains(count) else { throw .badCount(count) }
        let first = max(counter() ?? 1, afterOrders(), least)
        guard first <= SpoolFolder.greatestNumber - count else { throw .noNumbersLeft }
        try writeCounter(first + count)
        return first
    }

    private func writeCounter(_ next: Int) throws(SpoolFault) {
        do throws(FileFault) {
            try WholeFile.replaceDurably(folder.counterPath, with: Array("\(next)\n".utf8), links: .refused)
        } catch {
            throw .file(error)
        }
    }

    /// The counter; nil where it is missing or damaged, since nobody who pulls
    /// can wait for it to be mended.
    private func counter() -> Int? {
        guard let bytes = try? RegularFile(folder.counterPath, links: .refused).readAll(limit: 32),
            let number = Int(String(decoding: bytes, as: UTF8.self).prefix { !$0.isNewline }), number > 0,
            number <= SpoolFolder.greatestNumber
        else { return nil }
        return number
    }

    /// A number after those of all orders in the spool. An order's name is the
    /// number of its first suspension, so that without a counter those of the
    /// longest order are left out.
    private func afterOrders() -> Int {
        guard let last = orderNumbers().max() else { return 1 }
        return counter() == nil ? last + SpoolFolder.mostOfOneOrder : last + 1
    }

    private func orderNumbers() -> [Int] {
        let names = (try? Folder.entries(folder.folder(of: .orders)))?.map(\.name) ?? []
        return names.compactMap { SpoolFolder.number(.orders, in: $0) }
    }

    // MARK: Files

    private func locked<Value>(_ body: () throws(SpoolFault) -> Value) throws(SpoolFault) -> Value {
        try prepare()
        let lock: FileLock
        do throws(FileFault) {
            lock = try FileLock(waitingFor: folder.lockPath, within: patience)
        } catch {
            throw .file(error)
        }
        let result = try body()
        _ = consume lock
        return result
    }

    private func write(_ bytes: [UInt8], _ kind: SpoolFolder.Kind, _ name: String) throws(SpoolFault) {
        guard bytes.count <= kind.longestFile else {
            throw .tooLong(bytes: bytes.count, limit: kind.longestFile)
        }
        let path = "\(folder.folder(of: kind))/\(name)"
        do throws(FileFault) {
            try WholeFile.createDurably(path, with: bytes)
        } catch {
            throw error.code == EEXIST ? .taken(path) : .file(error)
        }
    }

    private func content(_ kind: SpoolFolder.Kind, _ name: String) -> [UInt8]? {
        try? RegularFile("\(folder.folder(of: kind))/\(name)", links: .refused)
            .readAll(limit: kind.longestFile)
    }

    /// Replaces a file that has other bytes than those that it is named after.
    private func replaceDamaged(_ bytes: [UInt8], _ kind: SpoolFolder.Kind, _ name: String) throws(SpoolFault) {
        guard content(kind, name) != bytes else { return }
        do throws(FileFault) {
            try WholeFile.replaceDurably("\(folder.folder(of: kind))/\(name)", with: bytes, links: .refused)
        } catch {
            throw .file(error)
        }
    }
}
