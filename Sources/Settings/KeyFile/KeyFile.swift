package import Access
package import Files
import Routing

/// The file that keys are stored in: digests, scopes and limits, no keys.
///
/// Written by `holdfast keys`, watched by the server. Every change replaces
/// the whole file at once (see `Replacement`) under a lock, so that two
/// changes at the same time both count, and a reader never meets half of one.
/// Comments other than the first lines are lost when it is written.
package struct KeyFile: Sendable {
    /// The path of the file.
    package let path: String

    /// Names the file; neither opens it nor makes it.
    package init(path: String) { self.path = path }

    /// The content of a key file.
    package enum Content: Sendable, Hashable {
        /// The keys, in their order; an empty list where `keys: []` says so.
        case keys([KeyRecord])
        /// The file does not exist.
        case missing
        /// The file exists but contains no list of keys: a full disk may have cut off a write, an editor may be in the
        /// middle of saving, or a mount may be gone.
        case emptied
    }

    /// Reads the file.
    package func read() throws(KeyFileError) -> Content {
        let bytes: [UInt8]
        do {
            bytes = try WholeFile.readAll(path, limit: KeyFileReader.longest)
        } catch {
            if error.isMissing { return .missing }
            throw .file(error)
        }
        return try KeyFileReader.read(bytes, file: path).map { .keys($0) } ?? .emptied
    }

    /// The keys of the file; none if it is missing or empty.
    package func load() throws(KeyFileError) -> [KeyRecord] {
        if case .keys(let records) = try read() { records } else { [] }
    }

    /// The keys of the file, for a process that has keys in force.
    ///
    /// - Throws: ``KeyFileError``, also for a file that is missing or empty:
    ///   the keys in force stay then. Only `keys: []` takes all of them away.
    package func reload() throws(KeyFileError) -> [KeyRecord] {
        switch try read() {
        case .keys(let records): return records
        case .missing: throw .gone(path: path)
        case .emptied: throw .emptied(path: path)
        }
    }

    /// Adds a key. Makes the file, and its folder, if they are not there.
    ///
    /// - Parameter creates: false where a file has to be there, because a
    ///   process has its keys in force: in a new one they would be missing.
    /// - Throws: `KeyFileError.nameTaken` if a key that still counts has the
    ///   name: names are what keys are revoked by. `KeyFileError.emptied` and
    ///   `.gone` where the other keys would be lost.
    package func append(_ record: KeyRecord, creates: Bool = true) throws(KeyFileError) {
        try change(creates: creates) { records throws(KeyFileError) in try Self.add(record, to: &records) }
    }

    static func add(_ record: KeyRecord, to records: inout [KeyRecord]) throws(KeyFileError) {
        if let other = records.first(where: { $0.name == record.name && $0.revoked == nil }) {
            throw .nameTaken(name: record.name, id: other.id)
        }
        records.append(record)
    }

    /// Revokes a key by its id or its name and returns its record. It stays
    /// in the file, so that logs that name it can still be understood.
    ///
    /// - Throws: `KeyFileError.unknown`, `.ambiguous` or `.alreadyRevoked`.
    package func revoke(_ idOrName: String, at now: UnixTime) throws(KeyFileError) -> KeyRecord {
        var revoked: KeyRecord?
        try change(creates: true) { records throws(KeyFileError) in
            let found = records.indices.filter { records[$0].id == idOrName || records[$0].name == idOrName }
            let counting = found.filter { records[$0].revoked == nil }
            guard counting.count <= 1 else {
                throw .ambiguous(name: idOrName, ids: counting.map { records[$0].id })
            }
            guard let index = counting.first else {
                if let index = found.last, let time = records[index].revoked {
                    throw .alreadyRevoked(id: records[index].id, at: time)
                }
                let names = records.filter { $0.revoked == nil }.flatMap { [$0.name, $0.id] }
                throw .unknown(idOrName, suggestion: Spelling.closest(to: idOrName, among: names))
            }
            records[index].revoked = now
            revoked = records[index]
        }
        guard let revoked else { throw .unknown(idOrName, suggestion: nil) }
        return revoked
    }

    func change(
        creates: Bool, _ body: (inout [KeyRecord]) throws(KeyFileError) -> Void
    ) throws(KeyFileError) {
        do throws(FileFault) {
            try Folder.make(folder(of: path))
        } catch {
            throw .file(error)
        }
        // The lock is a file beside the one that it protects, because that
        // one is replaced.
        let lock: FileLock
        do throws(FileFault) {
            lock = try FileLock(waitingFor: WholeFile.resolved(path) + ".lock")
        } catch {
            throw .file(error)
        }
        try withExtendedLifetime(lock) { () throws(KeyFileError) in
            var records = try whole(creates: creates)
            try body(&records)
            do throws(FileFault) {
                try WholeFile.replaceDurably(path, with: Array(KeyFileWriter.text(records).utf8))
            } catch {
                throw .file(error)
            }
        }
    }
}

extension KeyFile {
    /// All keys of the file, to be written again with a change. What a full
    /// disk or an editor has emptied is never filled with the change alone.
    private func whole(creates: Bool) throws(KeyFileError) -> [KeyRecord] {
        switch try read() {
        case .keys(let records): return records
        case .missing where creates: return []
        case .missing: throw .gone(path: path)
        case .emptied: throw .emptied(path: path)
        }
    }
}

/// The reason why a key file could not be read or changed.
package enum KeyFileError: Error, Sendable, Hashable {
    /// The system would not let us.
    case file(FileFault)
    /// The file is not a key file; contains every reason, sorted by line.
    case invalid([SettingsIssue])
    /// A key that counts has this name already.
    case nameTaken(name: String, id: String)
    /// No key has this id or name.
    case unknown(String, suggestion: String?)
    /// Several keys that count have this name.
    case ambiguous(name: String, ids: [String])
    /// The key was revoked before.
    case alreadyRevoked(id: String, at: UnixTime)
    /// The file is gone, although there were keys in it.
    case gone(path: String)
    /// The file is empty, although there were keys in it.
    case emptied(path: String)
    /// The server's key, which signing keys need, could not be read or changed.
    case serverKey(ServerKeyFault)
}

extension KeyFileError: CustomStringConvertible {
    /// For people; several lines for several problems.
    package var description: String {
        switch self {
        case .file(let fault):
            fault.description
        case .invalid(let problems):
            problems.map(\.description).joined(separator: "\n")
        case .nameTaken(let name, let id):
            "there is a key \"\(name)\" already (\(id)); choose another name or revoke it first"
        case .unknown(let name, let suggestion):
            "there is no key \"\(name)\"" + (suggestion.map { "; did you mean \"\($0)\"?" } ?? "")
        case .ambiguous(let name, let ids):
            "several keys are called \"\(name)\"; say which: \(ids.joined(separator: ", "))"
        case .alreadyRevoked(let id, let time):
            "\(id) was revoked already, at \(time)"
        case .gone(let path):
            "\(path) is gone; put it back, or write `keys: []` into it to take all keys away"
        case .emptied(let path):
            "\(path) has no `keys` in it; put the keys back, or write `keys: []` to take all of them away"
        case .serverKey(let fault):
            fault.description
        }
    }
}
