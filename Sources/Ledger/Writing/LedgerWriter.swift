/// A writer of a ledger: makes entries durable group by group, and from time to time writes the tiles and the
/// checkpoint that commit to them.
///
/// A ledger is an append-only log whose entries are the leaves of a Merkle tree. A signed checkpoint states the tree's
/// size and root, so an entry that a checkpoint includes cannot be changed or removed later without being noticed.
/// Between two checkpoints, entries are kept in the journal (``Journal``).
///
/// Synchronous and without a clock; belongs to one thread. After an error of the files it writes no more
/// (``LedgerProblem``): all acknowledged entries are durable, and a new writer continues from there.
package struct LedgerWriter {
    private let files: any LedgerFiles
    private let signer: SignerKey
    private let origin: String
    private var edge = TreeEdge()
    /// Entries of the bundle that isn't full yet.
    private var bundle: [UInt8] = []
    /// Full tiles and bundles that aren't written yet.
    private var full: [(Tile, [UInt8])] = []
    private var journal = Journal()
    /// Paths that the published checkpoint needs: these never change.
    private var written: Set<String> = []
    private var failure: LedgerProblem?
    package private(set) var published: SignedNote
    package private(set) var publishedCheckpoint: Checkpoint
    /// The hour of the checkpoint that was kept last, since 1970.
    private var keptHour: UInt64?
    private var kept: SignedNote?
    /// The size of the newest checkpoint that has its quorum of witnesses.
    private var witnessedSize: UInt64 = 0

    /// The entries that are durable.
    package var size: UInt64 { edge.size }

    // MARK: Beginning

    /// Begins a ledger or goes on with one.
    ///
    /// - Parameters:
    ///   - key: the log's; its name is the origin.
    ///   - head: the newest checkpoint that is remembered elsewhere.
    ///   - time: seconds since 1970.
    /// - Throws: ``LedgerProblem`` where the folder is another log's, was
    ///   rolled back or is damaged.
    package init(
        _ files: any LedgerFiles, key: SignerKey, head: Checkpoint? = nil, time: UInt64
    ) throws(LedgerProblem) {
        self.files = files
        signer = key
        origin = key.verifier.name
        let empty = Checkpoint(origin: origin, size: 0, root: .empty)
        published = SignedNote(text: empty.text)
        publishedCheckpoint = empty
        if let bytes = try files.read(LedgerPaths.checkpoint) {
            try load(bytes)
            if let head { try compare(head) }
            try replay()
        } else {
            if let head, head.size > 0 {
                throw LedgerProblem(
                    "the ledger's folder is empty, and a checkpoint of \(head.size) entries is remembered: put back "
                        + "the folder, or begin a new ledger under another name")
            }
            try replay()
        }
        try publish(time: time)
        // The checkpoint commits to what stood in them.
        for name in try files.names(in: Journal.folder) { try files.remove("\(Journal.folder)/\(name)") }
    }

    private mutating func load(_ bytes: [UInt8]) throws(LedgerProblem) {
        published = try SignedNote(bytes)
        publishedCheckpoint = try Checkpoint(text: published.text)
        guard publishedCheckpoint.origin == origin else {
            throw LedgerProblem("the folder is the ledger \"\(publishedCheckpoint.origin)\", and not \"\(origin)\"")
        }
        guard try !published.signers(among: [signer.verifier]).isEmpty else {
            throw LedgerProblem("the folder's checkpoint was signed with another key than the one that is set")
        }
        let size = publishedCheckpoint.size
        if let bytes = try files.read(LedgerPaths.witnessed) {
            do throws(LedgerProblem) {
                witnessedSize = try Checkpoint(text: try SignedNote(bytes).text).size
            } catch {
                throw LedgerProblem("\(LedgerPaths.witnessed) is damaged: \(error)")
            }
            // It was written after the checkpoint of its size.
            guard witnessedSize <= size else {
                throw LedgerProblem(
                    "the folder's checkpoint is of \(size) entries, and its witnesses have cosigned "
                        + "\(witnessedSize): it was rolled back or truncated")
            }
        }
        var partial: [[MerkleHash]] = []
        var count = size
        while count > 0 {
            let tile = Tile(.hashes(level: partial.count), index: count / 256, width: Int(count % 256))
            partial.append(tile.width == 0 ? [] : try files.hashes(of: tile))
            count /= 256
        }
        edge = TreeEdge(size: size, partial: partial)
        guard edge.root == publishedCheckpoint.root else {
            throw LedgerProblem("the folder's tiles are not those of its checkpoint; it is damaged")
        }
        let width = Int(size % 256)
        if width > 0 {
            let tile = Tile(.entries, index: size / 256, width: width)
            guard let bytes = try files.bytes(of: tile), let ranges = EntryBundle.ranges(bytes, count: width) else {
                throw LedgerProblem("\(tile.path) is missing or damaged")
            }
            for (range, hash) in zip(ranges, partial[0]) where MerkleHash(leaf: Array(bytes[range])) != hash {
                throw LedgerProblem("\(tile.path) holds another entry than was logged")
            }
            bundle = bytes
        }
        written = Set(
            edge.tiles.map(\.0.path) + (width > 0 ? [Tile(.entries, index: size / 256, width: width).path] : []))
    }

    /// Against what is remembered elsewhere.
    private func compare(_ head: Checkpoint) throws(LedgerProblem) {
        guard head.origin == origin else { return }
        guard head.size <= edge.size else {
            throw LedgerProblem(
                "the folder has \(edge.size) entries, and a checkpoint of \(head.size) is remembered: it was rolled "
                    + "back or truncated")
        }
        let hashes = TileHashes(size: edge.size) { try files.hashes(of: $0) }
        let root: MerkleHash
        do {
            root = try MerkleTree(size: head.size, hashes).root()
        } catch {
            guard head.size >= (try files.minimumIndex()) else {
                throw LedgerProblem(
                    "a checkpoint of \(head.size) entries is remembered, and what it could be compared with was "
                        + "pruned")
            }
            throw error as? LedgerProblem ?? LedgerProblem("\(error)")
        }
        guard root == head.root else {
            throw LedgerProblem("the folder does not go on from the checkpoint that is remembered: it is another log")
        }
    }

    /// Adds the entries that were made durable after the last checkpoint.
    private mutating func replay() throws(LedgerProblem) {
        for group in try FormerJournal.read(files) + Journal.read(files) {
            // What the checkpoint commits to may still be there, and a group
            // may begin before it.
            let skipped = group.index < edge.size ? edge.size - group.index : 0
            guard skipped < group.entries.count else { continue }
            guard group.index <= edge.size else {
                throw LedgerProblem(
                    "the journal goes on at entry \(group.index), and the tiles end at \(edge.size): something "
                        + "between them is missing")
            }
            take(group.entries, group.leaves, skipping: Int(skipped))
        }
    }

    // MARK: Entries

    /// Makes a group durable.
    /// - Returns: the first one's index.
    package mutating func commit(_ entries: EntryGroup) throws(LedgerProblem) -> UInt64 {
        let first = edge.size
        let leaves = entries.leaves
        try failing { writer throws(LedgerProblem) in
            try writer.journal.add(entries, leaves, from: first, to: writer.files)
        }
        take(entries, leaves)
        return first
    }

    private mutating func take(_ entries: EntryGroup, _ leaves: [MerkleHash], skipping skipped: Int = 0) {
        var number = 0
        entries.forEach { entry in
            if number >= skipped { take(entry, leaves[number]) }
            number += 1
        }
    }

    private mutating func take(_ entry: UnsafeRawBufferPointer, _ leaf: MerkleHash) {
        EntryBundle.append(entry, to: &bundle)
        var filled: [(Tile, [UInt8])] = []
        edge.append(leaf) { tile, hashes in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(hashes.count * MerkleHash.size)
            for hash in hashes { hash.append(to: &bytes) }
            filled.append((tile, bytes))
        }
        guard let (first, _) = filled.first else { return }
        full.append((Tile(.entries, index: first.index), bundle))
        full += filled
        bundle.removeAll(keepingCapacity: true)
    }

    // MARK: Checkpoints

    /// Writes what the tree has grown by, and then the checkpoint that
    /// commits to it.
    ///
    /// The order is what makes a crash harmless: tiles are durable before the
    /// checkpoint is, and the journal begins anew after it.
    package mutating func publish(time: UInt64) throws(LedgerProblem) {
        try failing { writer throws(LedgerProblem) in try writer.publishing(time: time) }
    }

    private mutating func publishing(time: UInt64) throws(LedgerProblem) {
        if published.signatures.isEmpty || edge.size > publishedCheckpoint.size {
            let checkpoint = Checkpoint(origin: origin, size: edge.size, root: edge.root)
            try writeTiles()
            var note = SignedNote(text: checkpoint.text)
            try note.sign(signer, time: time)
            try replace(LedgerPaths.checkpoint, note.bytes)
            published = note
            publishedCheckpoint = checkpoint
            try removePartials()
            try journal.restart(files)
        }
        try keep(time: time)
    }

    private mutating func writeTiles() throws(LedgerProblem) {
        var tiles = full
        for (tile, hashes) in edge.tiles {
            var bytes: [UInt8] = []
            for hash in hashes { hash.append(to: &bytes) }
            tiles.append((tile, bytes))
        }
        if !bundle.isEmpty {
            tiles.append((Tile(.entries, index: edge.size / 256, width: Int(edge.size % 256)), bundle))
        }
        var folders: Set<String> = [""]
        let new = tiles.filter { !written.contains($0.0.path) }
        // All are written before any is synced: the first sync then does the
        // file system's work for all of them.
        for (tile, bytes) in new { try files.write(tile.path, bytes) }
        for (tile, _) in new {
            try files.sync(tile.path)
            var folder = tile.path[...]
            while let slash = folder.lastIndex(of: "/") {
                folder = folder[..<slash]
                folders.insert(String(folder))
            }
        }
        // A folder's name is durable by the folder above it.
        for folder in folders.sorted(by: >) { try files.syncFolder(folder) }
    }

    private mutating func removePartials() throws(LedgerProblem) {
        // Only of those that were there before: the others were never partial.
        let partial = Set(written.map { $0.prefix { $0 != "." } })
        for (tile, _) in full where partial.contains(tile.path[...]) {
            for name in try files.names(in: tile.partials) { try files.remove("\(tile.partials)/\(name)") }
            try files.remove(tile.partials)
        }
        full = []
        written = Set(edge.tiles.map(\.0.path))
        if !bundle.isEmpty { written.insert(Tile(.entries, index: edge.size / 256, width: Int(edge.size % 256)).path) }
    }

    /// One an hour is kept, and one at every start: when the last one was kept
    /// is not known then.
    private mutating func keep(time: UInt64) throws(LedgerProblem) {
        let hour = time / 3600
        guard keptHour != hour, publishedCheckpoint.size > 0 else { return }
        try replace(LedgerPaths.kept(publishedCheckpoint.size), published.bytes)
        try files.syncFolder(LedgerPaths.kept)
        try writeIndex()
        keptHour = hour
        kept = published
    }

    /// Writes the index of the checkpoints that are kept. This happens after the checkpoint is durable, so that the
    /// index names no file that may be missing. Each start writes the index again.
    private func writeIndex() throws(LedgerProblem) {
        let sizes = try files.names(in: LedgerPaths.kept)
            .compactMap { LedgerPaths.keptSize("\(LedgerPaths.kept)/\($0)") }
        let text = sizes.sorted().map { "\($0)\n" }.joined()
        try files.replace(LedgerPaths.keptIndex, Array(text.utf8), by: Self.way)
        try files.syncFolder(LedgerPaths.kept)
    }

    private func replace(_ path: String, _ bytes: [UInt8]) throws(LedgerProblem) {
        try files.replace(path, bytes, by: Self.way)
        try files.syncFolder("")
    }

    private static let way = "\(Journal.folder)/new-checkpoint"

    // MARK: Cosignatures

    /// Adds witnesses' signatures to the published checkpoint and to the one
    /// that was kept last, where `note` has the same text; else it does
    /// nothing: an older checkpoint never replaces a newer one.
    ///
    /// Folders aren't synced: a crash may bring back the same checkpoint
    /// without these signatures, and they can be asked for again.
    package mutating func add(cosignaturesOf note: SignedNote) throws(LedgerProblem) {
        try failing { writer throws(LedgerProblem) in
            if note.text == writer.published.text {
                writer.published.add(note.signatures)
                try writer.files.replace(LedgerPaths.checkpoint, writer.published.bytes, by: Self.way)
            }
            if var kept = writer.kept, kept.text == note.text {
                kept.add(note.signatures)
                try writer.files.replace(
                    LedgerPaths.kept(try Checkpoint(text: kept.text).size), kept.bytes, by: Self.way)
                writer.kept = kept
            }
        }
    }

    /// Keeps the newest checkpoint that has its quorum of witnesses, for
    /// proofs: the published one may be too new to have it.
    package mutating func keep(witnessed note: SignedNote) throws(LedgerProblem) {
        let size = try Checkpoint(text: note.text).size
        guard size >= witnessedSize, size <= publishedCheckpoint.size else { return }
        try failing { writer throws(LedgerProblem) in
            try writer.files.replace(LedgerPaths.witnessed, note.bytes, by: Self.way)
            writer.witnessedSize = size
        }
    }

    private mutating func failing(_ work: (inout LedgerWriter) throws(LedgerProblem) -> Void) throws(LedgerProblem) {
        if let failure { throw failure }
        do throws(LedgerProblem) {
            try work(&self)
        } catch {
            failure = error
            throw error
        }
    }
}
