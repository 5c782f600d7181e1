package import Access

// Keys that sign, and the server's key that their secrets are made from. Both files
// are changed under the key file's lock.
extension KeyFile {
    /// Adds a key that signs, and makes the server's key where there is none.
    ///
    /// - Parameters:
    ///   - serverKey: The file that the key's secret comes from.
    ///   - creates: As in ``append(_:creates:)``.
    ///   - make: Returns the record of the key with this seed.
    /// - Returns: the record, and the secret, which is nowhere else.
    /// - Throws: as ``append(_:creates:)`` does, and
    ///   ``KeyFileError/serverKey(_:)``.
    package func append(
        from serverKey: ServerKeyFile, creates: Bool = true, _ make: (SigningSeed) -> KeyRecord
    ) throws(KeyFileError) -> (record: KeyRecord, secret: String) {
        var made: (KeyRecord, String)?
        try change(creates: creates) { records throws(KeyFileError) in
            var keys = try Self.keys(serverKey, for: records)
            if keys.newest == nil { keys.begin(after: Self.newest(in: records)) }
            guard let version = keys.newest else { return }
            var chance = SystemRandomNumberGenerator()
            let salt = (0..<SigningSeed.saltLength).map { _ in UInt8.random(in: 0...255, using: &chance) }
            let seed = SigningSeed(salt: salt, version: version)
            let record = make(seed)
            try Self.add(record, to: &records)
            // Before the record: a server that reads the record finds the key.
            try Self.write(keys, to: serverKey)
            made = keys.secret(of: record.id, seed).map { (record, $0) }
        }
        guard let made else { throw .serverKey(.gone(path: serverKey.path, ids: [])) }
        return made
    }

    /// Begins a new version of the server's key, and removes those of which no
    /// key that counts is made.
    package func rotate(_ serverKey: ServerKeyFile) throws(KeyFileError) -> ServerKeyRotation {
        var rotation = ServerKeyRotation()
        try change(creates: true) { records throws(KeyFileError) in
            var keys = try Self.keys(serverKey, for: records)
            let before = Set(keys.versions)
            keys.begin(after: Self.newest(in: records))
            rotation.version = keys.newest ?? 0
            for record in records where record.revoked == nil {
                guard case .signature(let seed) = record.proof else { continue }
                rotation.older[seed.version, default: []].append(record.id)
            }
            let kept = Set(rotation.older.keys).union([rotation.version])
            rotation.removed = before.subtracting(kept).sorted()
            keys.keep(kept)
            try Self.write(keys, to: serverKey)
        }
        return rotation
    }

    /// The server's keys; none where there is no file and nothing needs one.
    private static func keys(
        _ file: ServerKeyFile, for records: [KeyRecord]
    ) throws(KeyFileError) -> ServerKeys {
        let found: ServerKeys?
        do throws(ServerKeyFault) {
            found = try file.read()
        } catch {
            throw .serverKey(error)
        }
        if let found { return found }
        let lost = records.filter { record in
            guard record.revoked == nil, case .signature = record.proof else { return false }
            return true
        }
        guard lost.isEmpty else { throw .serverKey(.gone(path: file.path, ids: lost.map(\.id))) }
        return ServerKeys()
    }

    private static func write(_ keys: ServerKeys, to file: ServerKeyFile) throws(KeyFileError) {
        do throws(ServerKeyFault) {
            if try file.read() != keys { try file.write(keys) }
        } catch {
            throw .serverKey(error)
        }
    }

    /// The newest version that a record names, which must never mean another
    /// key.
    private static func newest(in records: [KeyRecord]) -> Int {
        records.reduce(0) { newest, record in
            guard case .signature(let seed) = record.proof else { return newest }
            return max(newest, seed.version)
        }
    }
}

/// The outcome of a rotation of the server's key.
package struct ServerKeyRotation: Sendable, Equatable {
    /// The version that new keys are made with.
    package var version = 0
    /// The keys that count and are made with an older version, by version.
    package var older: [Int: [String]] = [:]
    /// The versions that are gone, because no key that counts needed them.
    package var removed: [Int] = []

    package init() {}
}
