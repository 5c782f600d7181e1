package import Access
import Routing

/// The file that keys are stored in: digests, scopes and limits, no keys.
///
/// Written by `holdfast keys`, watched by the server. Every change replaces
/// the whole file at once (see `SmallFile.replace`) under a lock, so that two
/// changes at the same time both count, and a reader never meets half of one.
/// Comments other than the first lines are lost when it is written.
package struct KeyFile: Sendable {
    /// Where it is.
    package let path: String

    /// Names the file; neither opens it nor makes it.
    package init(path: String) { self.path = path }

    /// The keys of the file, in its order; none if there is no file yet.
    ///
    /// - Throws: `KeyFileError`. Who reloads keeps the keys it has.
    package func load() throws(KeyFileError) -> [KeyRecord] {
        let bytes: [UInt8]
        do {
            bytes = try SmallFile.read(path, limit: KeyFileReader.longest)
        } catch {
            if error.isMissing { return [] }
            throw .file(error)
        }
        return try KeyFileReader.read(bytes, file: path)
    }

    /// Adds a key. Makes the file, and its folder, if they are not there.
    ///
    /// - Throws: `KeyFileError.nameTaken` if a key that still counts has the
    ///   name: names are what keys are revoked by.
    package func append(_ record: KeyRecord) throws(KeyFileError) {
        try change { records throws(KeyFileError) in
            if let other = records.first(where: { $0.name == record.name && $0.revoked == nil }) {
                throw .nameTaken(name: record.name, id: other.id)
            }
            records.append(record)
        }
    }

    /// Revokes a key by its id or its name and returns its record. It stays
    /// in the file, so that logs that name it can still be understood.
    ///
    /// - Throws: `KeyFileError.unknown`, `.ambiguous` or `.alreadyRevoked`.
    package func revoke(_ idOrName: String, at now: UnixTime) throws(KeyFileError) -> KeyRecord {
        var revoked: KeyRecord?
        try change { records throws(KeyFileError) in
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

    private func change(_ body: (inout [KeyRecord]) throws(KeyFileError) -> Void) throws(KeyFileError) {
        do {
            try SmallFile.makeFolder(folder(of: path))
            try SmallFile.locked(path) {
                var records = try load()
                try body(&records)
                try SmallFile.replace(path, with: Array(KeyFileWriter.text(records).utf8))
            }
        } catch let error as KeyFileError {
            throw error
        } catch let error as FileFault {
            throw .file(error)
        } catch {
            throw .file(FileFault("write", path, code: 5))
        }
    }
}

/// Why a key file could not be read or changed.
package enum KeyFileError: Error, Sendable, Hashable {
    /// The system would not let us.
    case file(FileFault)
    /// It is not a key file; every reason, sorted by line.
    case invalid([Problem])
    /// A key that counts has this name already.
    case nameTaken(name: String, id: String)
    /// No key has this id or name.
    case unknown(String, suggestion: String?)
    /// Several keys that count have this name.
    case ambiguous(name: String, ids: [String])
    /// It was revoked before.
    case alreadyRevoked(id: String, at: UnixTime)
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
        }
    }
}
