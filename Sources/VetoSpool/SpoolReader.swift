import Crypto
import Encodings
import Files
import Glibc

/// The place up to which a reader knows a spool.
///
/// A mark is worth nothing in another process: it holds which files were read,
/// and when their folders last changed.
package struct SpoolMark: Sendable {
    /// One state of one file or folder.
    struct State: Sendable, Hashable {
        var device, inode: UInt64
        var changed: SpoolInstant
        var size: Int
    }

    /// The folders, as they were when they were listed; a folder that had
    /// changed a moment before is missing, so that it is listed again.
    var folders: [SpoolFolder.Kind: State] = [:]
    var files: [SpoolFolder.Kind: [String: State]] = [:]
    /// The problems that were reported, so that each is reported once.
    var reported: Set<SpoolProblem> = []
    /// True once files were gone that had been there.
    package private(set) var hasLost = false

    package init() {}

    /// Forgets that files were gone, since they are written again.
    package mutating func forgetLoss() { hasLost = false }

    /// Takes over the files of a folder, and notes whether some are gone.
    mutating func note(_ kind: SpoolFolder.Kind, _ all: [String: State], isThere: (String) -> Bool) {
        if files[kind]?.keys.contains(where: { !isThere($0) }) == true { hasLost = true }
        files[kind] = all
    }
}

/// A file system's time stamp.
struct SpoolInstant: Sendable, Hashable, Comparable {
    var seconds: Int
    var nanoseconds: Int

    static func < (one: SpoolInstant, other: SpoolInstant) -> Bool {
        (one.seconds, one.nanoseconds) < (other.seconds, other.nanoseconds)
    }
}

/// Reads a spool; never writes, and never waits for its lock.
///
/// A look at a spool in which nothing has changed is one lstat(2) for each of
/// its four folders. A damaged file is reported once, hides no other, and is
/// read again when it is replaced.
package struct SpoolReader: Sendable {
    /// The folders' time stamps are as coarse as the kernel's ticks (a few
    /// milliseconds) or the file system's (ext3: a second). A change within
    /// that time of a listing may leave the same stamp, so such a listing
    /// isn't relied on.
    private static let settling = 2

    private let folder: SpoolFolder
    /// Seconds since 1970, for ``settling``.
    private let now: @Sendable () -> Int

    package init(_ folder: SpoolFolder, now: @escaping @Sendable () -> Int = { time(nil) }) {
        self.folder = folder
        self.now = now
    }

    /// Returns the files that the mark doesn't know yet, by kind (rosters
    /// first, then orders, statements and the log) and number, and moves the
    /// mark.
    ///
    /// A folder that is missing is empty.
    package func news(since mark: inout SpoolMark) -> (files: [SpoolFile], problems: [SpoolProblem]) {
        var files: [SpoolFile] = []
        var problems: [SpoolProblem] = []
        if let kind = FileKind.at(folder.path, links: .refused), kind != .folder {
            problems.append(SpoolProblem(folder.path, "it is \(kind.words), not a folder"))
        } else {
            for kind in [SpoolFolder.Kind.roster, .orders, .statements, .log] {
                files += news(kind, &mark, &problems)
            }
        }
        let fresh = problems.filter { mark.reported.insert($0).inserted }
        return (files, fresh)
    }

    private func news(
        _ kind: SpoolFolder.Kind, _ mark: inout SpoolMark, _ problems: inout [SpoolProblem]
    ) -> [SpoolFile] {
        let path = folder.folder(of: kind)
        guard let (state, type) = Self.look(path) else {
            // A spool that this user may not look into is no empty one.
            guard errno == ENOENT || errno == ENOTDIR else {
                problems.append(SpoolProblem(FileFault(.list, path)))
                mark.folders[kind] = nil
                return []
            }
            mark.folders[kind] = nil
            mark.note(kind, [:]) { _ in false }
            return []
        }
        guard type == .folder else {
            problems.append(SpoolProblem(path, "it is \(type.words), not a folder"))
            return []
        }
        if mark.folders[kind] == state { return [] }
        let listed = list(kind, path, &problems)
        let known = mark.files[kind] ?? [:]
        var files: [SpoolFile] = []
        var all: [String: SpoolMark.State] = [:]
        for (name, state) in listed {
            all[name] = state
            if known[name] == state { continue }
            do throws(SpoolReadError) {
                files.append(try read(kind, name, "\(path)/\(name)"))
            } catch {
                problems.append(error.problem)
                // Read again at the next look where its disk failed, and not
                // before it is replaced where it is damaged.
                if error.isPassing { all[name] = nil }
            }
        }
        let names = Set(listed.map(\.0))
        mark.note(kind, all) { names.contains($0) }
        let isSettled = state.changed.seconds < now() - Self.settling
        mark.folders[kind] = isSettled && all.count == listed.count ? state : nil
        return files.sorted { ($0.number, $0.digest) < ($1.number, $1.digest) }
    }

    /// Returns the names that Holdfast gives, with their states.
    private func list(
        _ kind: SpoolFolder.Kind, _ path: String, _ problems: inout [SpoolProblem]
    ) -> [(String, SpoolMark.State)] {
        guard let listing = opendir(path) else {
            problems.append(SpoolProblem(FileFault(.list, path)))
            return []
        }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            // `.new`: a file that is being written, or was when its writer died.
            if name.hasPrefix(".") || name.hasSuffix(".new") { continue }
            guard
                SpoolFolder.number(kind, in: name) != nil
                    || (kind.digits == 0 && SpoolFolder.digest(in: name) != nil)
            else {
                problems.append(SpoolProblem(path, "it has files whose names aren't Holdfast's; they are not read"))
                continue
            }
            guard names.count < SpoolFolder.mostFiles else {
                problems.append(
                    SpoolProblem(path, "it has more than \(SpoolFolder.mostFiles) files; the others are not read"))
                break
            }
            names.append(name)
        }
        return names.compactMap { name in
            guard let (state, _) = Self.look("\(path)/\(name)") else { return nil }
            return (name, state)
        }
    }

    private func read(_ kind: SpoolFolder.Kind, _ name: String, _ path: String) throws(SpoolReadError) -> SpoolFile {
        let bytes: [UInt8]
        do throws(FileFault) {
            // Without a thread of its own: a spool is on a local disk.
            bytes = try RegularFile(path, links: .refused).readAll(limit: kind.longestFile)
        } catch {
            let isPassing =
                switch error.cause {
                case .system: true
                case .notRegular, .link, .tooLarge, .slow, .inUse: false
                }
            throw SpoolReadError(problem: SpoolProblem(error), isPassing: isPassing)
        }
        let digest = Hex.encode(SHA256.hash(data: bytes))
        if let named = SpoolFolder.digest(in: name), named != digest {
            throw SpoolReadError(problem: SpoolProblem(path, "its bytes aren't those that it is named after"))
        }
        return SpoolFile(kind: kind, number: SpoolFolder.number(kind, in: name) ?? 0, digest: digest, bytes: bytes)
    }

    private static func look(_ path: String) -> (SpoolMark.State, FileKind)? {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return nil }
        let changed = max(
            SpoolInstant(seconds: facts.st_mtim.tv_sec, nanoseconds: facts.st_mtim.tv_nsec),
            SpoolInstant(seconds: facts.st_ctim.tv_sec, nanoseconds: facts.st_ctim.tv_nsec))
        return (
            SpoolMark.State(
                device: UInt64(facts.st_dev), inode: UInt64(facts.st_ino), changed: changed, size: Int(facts.st_size)),
            FileKind(mode: facts.st_mode)
        )
    }
}

private struct SpoolReadError: Error {
    var problem: SpoolProblem
    /// True where the file itself may be whole.
    var isPassing = false
}
