import Conversation
import FoundationEssentials
import NIOCore
import Testing
import Wire

/// One folder of `Tests/Fixtures/golden`: `SOURCE/CASE`, where the source is a
/// dialect (``Speakers``).
///
/// It has any of three inputs, each with a snapshot for every target:
///
/// - `request.json`, as a caller of the source sends it, and
///   `request.TARGET.json` for each of ``Speakers/targets``. There `translated`
///   has the `body` that goes out and the names of all that is left behind, or
///   the field that can't be carried and the reason. Where both sides speak one
///   dialect `passed` has the same of the caller's own bytes; translated is then
///   only the request to go on with an answer that broke off. A path that names
///   the model names the route ``Speakers/route``.
/// - `reply.json`, as a provider of the source answers, and `reply.DOOR.json`
///   for each of ``Speakers/doors``, as a caller gets it.
/// - `stream.sse`, the same as a stream, and `stream.DOOR.sse`. Where the
///   framing is that of Bedrock, the file is `stream.events`, with the messages
///   as text (``EventText``).
///
/// A caller that gets an answer has asked ``GoldenStream/asked``, or what
/// `asked.DOOR.json` says: for answers that name what the request has.
///
/// A folder, an input or a snapshot more needs no code. With
/// `HOLDFAST_WRITE_GOLDENS=1` the tests write the snapshots that are missing or
/// differ, and fail for each of them, since someone has to read it.
struct Golden: Sendable, CustomTestStringConvertible {
    enum Input: String, CaseIterable, Sendable {
        case request, reply, stream

        var targets: [String] { self == .request ? Speakers.targets : Speakers.doors }

        func snapshot(_ target: String) -> String { "\(rawValue).\(target).\(ending(target))" }

        /// - Parameter dialect: Of the source or of a target.
        func ending(_ dialect: String) -> String {
            guard self == .stream else { return "json" }
            return Speakers.framing(dialect) == .eventStream ? "events" : "sse"
        }
    }

    let source: String
    let name: String
    let folder: URL
    /// The names of its files.
    let files: Set<String>

    var testDescription: String { "\(source)/\(name)" }

    func file(_ input: Input) -> String { "\(input.rawValue).\(input.ending(source))" }

    func has(_ input: Input) -> Bool { files.contains(file(input)) }

    func bytes(_ file: String) throws -> ByteBuffer {
        try ByteBuffer(bytes: Data(contentsOf: folder.appending(path: file)))
    }

    func text(_ file: String) throws -> String { String(buffer: try bytes(file)) }

    // MARK: The two sides

    func door() throws -> any CallerProtocol { try #require(Speakers.door(source), "\(source) has no door") }

    func provider() throws -> any ProviderProtocol {
        try #require(Speakers.provider(source), "\(source) is no provider")
    }

    /// The request of `request.json`.
    /// - Parameter isStream: True where a path says so.
    func request(isStream: Bool = false) throws -> ChatRequest {
        try Self.read(bytes(file(.request)), by: door(), isStream: isStream)
    }

    /// The request whose answer a caller gets.
    func asked(_ door: String, isStream: Bool) throws -> ChatRequest {
        let file = Self.asked(door)
        guard files.contains(file) else { return GoldenStream.asked }
        var request = try Self.read(bytes(file), by: #require(Speakers.door(door)), isStream: isStream)
        request.stream = isStream
        request.includeUsage = true
        return request
    }

    static func asked(_ door: String) -> String { "asked.\(door).json" }

    private static func read(
        _ body: ByteBuffer, by door: any CallerProtocol, isStream: Bool
    ) throws -> ChatRequest {
        try door.decodeChat(JSONDocument(body), at: Speakers.path(of: door, isStream: isStream))
    }

    // MARK: Snapshots

    static let isWriting = ProcessInfo.processInfo.environment["HOLDFAST_WRITE_GOLDENS"] == "1"

    /// Holds `found` to a snapshot; JSON as JSON, a stream byte by byte.
    func check(_ found: String, _ input: Input, _ target: String) throws {
        let file = input.snapshot(target)
        let kept = files.contains(file) ? try text(file) : nil
        if let kept, try Self.isSame(kept, found, input) { return }
        guard Self.isWriting else {
            guard let kept else {
                Issue.record("\(self) has no \(file); HOLDFAST_WRITE_GOLDENS=1 writes it")
                return
            }
            Issue.record("\(self)/\(file) differs (- the snapshot, + what the code says):\n\(Self.diff(kept, found))")
            return
        }
        try Data(found.utf8).write(to: folder.appending(path: file))
        Issue.record("\(self)/\(file) is written: read it, and hold it to docs/dialect-*.md")
    }

    private static func isSame(_ kept: String, _ found: String, _ input: Input) throws -> Bool {
        // Byte by byte: Swift calls texts equal that are spelt differently.
        guard input != .stream else { return kept.utf8.elementsEqual(found.utf8) }
        return try JSONDocument(kept).root.says(JSONDocument(found).root)
    }

    /// The lines that only one of both has, and the number of each.
    static func diff(_ kept: String, _ found: String) -> String {
        let old = kept.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let new = found.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let changes = new.difference(from: old)
        let lines = changes.removals.map { ($0, "-") } + changes.insertions.map { ($0, "+") }
        return
            lines.map { change, mark in
                switch change {
                case .remove(let offset, let line, _), .insert(let offset, let line, _):
                    (offset, "\(mark) \(offset + 1): \(line)")
                }
            }.sorted { $0.0 < $1.0 }.map(\.1).joined(separator: "\n")
    }

    // MARK: All of them

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/golden")

    static let all: [Golden] = names(in: root).flatMap { source in
        let folder = root.appending(path: source)
        return names(in: folder).map { name in
            let folder = folder.appending(path: name)
            return Golden(source: source, name: name, folder: folder, files: Set(names(in: folder)))
        }
    }

    /// The dialects that have a module in `Sources`.
    static let dialectModules: [String] = {
        let sources = root.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return names(in: sources.appending(path: "Sources")).filter { $0.hasPrefix("Dialect") }
            .map { $0.dropFirst("Dialect".count).lowercased() }
    }()

    static func all(with input: Input) -> [Golden] { all.filter { $0.has(input) } }

    private static func names(in folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { !$0.hasPrefix(".") }
            .sorted()
    }
}

extension JSONView {
    /// The value with each member and element in a line of its own, for
    /// people and for diffs.
    func pretty(_ indent: String = "") -> String {
        let deeper = indent + "  "
        let (opening, closing, lines): (String, String, [String])
        switch kind {
        case .object:
            (opening, closing) = ("{", "}")
            lines = members.map { "\(deeper)\($0.name.fragment.text): \($0.value.pretty(deeper))" }
        case .array:
            (opening, closing) = ("[", "]")
            lines = elements.map { deeper + $0.pretty(deeper) }
        default: return fragment.text
        }
        return lines.isEmpty ? opening + closing : "\(opening)\n\(lines.joined(separator: ",\n"))\n\(indent)\(closing)"
    }
}
