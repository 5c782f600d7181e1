import Files
import Glibc
import Synchronization

/// The source of the key of encrypted weights. This is never a command-line argument, which every user of the machine
/// can read, and never the settings.
package enum KeySource: Sendable, Hashable {
    /// A file that only its owner can read.
    case file(String)
    /// The output of a program; the first word is the program, the others are its arguments.
    case command([String])
    /// The content of an open descriptor, whose number is in an environment variable. The descriptor is read once, and
    /// then closed.
    case descriptor(variable: String)

    private static let longest = 64 << 10

    /// The name of the source in error messages.
    package var shown: String {
        switch self {
        case .file(let path): path
        case .command(let words): "what \(words.first ?? "the command") printed"
        case .descriptor(let variable): "the descriptor that \(variable) names"
        }
    }

    /// - Throws: without repeating anything of a key.
    func identities() throws(CustodyProblem) -> [AgeIdentity] {
        try AgeIdentity.all(in: text(), from: shown)
    }

    private func text() throws(CustodyProblem) -> String {
        switch self {
        case .file(let path): try Self.read(path)
        case .command(let words): try KeyCommand.output(of: words, longest: Self.longest)
        case .descriptor(let variable): try InheritedKeys.shared.text(variable, longest: Self.longest)
        }
    }

    private static func read(_ path: String) throws(CustodyProblem) -> String {
        let longest = longest
        let bytes: [UInt8]
        let isPrivate: Bool
        do throws(FileFault) {
            (bytes, isPrivate) = try Patience.run(.read, path, within: WholeFile.patience) {
                () throws(FileFault) in
                let file = try RegularFile(path)
                var facts = stat()
                let isPrivate = file.withDescriptor { fstat($0, &facts) } == 0 && facts.st_mode & 0o077 == 0
                return (isPrivate ? try file.readAll(limit: longest) : [], isPrivate)
            }
        } catch {
            throw CustodyProblem(
                .encryption, "the key file \(path) can't be read: \(error.reason)", remedy: "correct weights_key")
        }
        guard isPrivate else {
            throw CustodyProblem(
                .encryption, "the key file \(path) can be read by others", remedy: "chmod 600 it, and make a new key")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads everything from a descriptor up to its end.
    static func all(of file: Int32, longest: Int, from name: String) throws(CustodyProblem) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = uninterrupted { Glibc.read(file, &buffer, buffer.count) }
            guard count >= 0, bytes.count + count <= longest else {
                throw CustodyProblem(
                    .encryption, "\(name) can't be read as a key", remedy: "give a file that age-keygen made")
            }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}

/// Keys that came over descriptors, which can be read only once: a reload of
/// the model, a day later, needs them again.
private final class InheritedKeys: Sendable {
    static let shared = InheritedKeys()
    private let known = Mutex<[String: String]>([:])

    func text(_ variable: String, longest: Int) throws(CustodyProblem) -> String {
        let kept = known.withLock { $0[variable] }
        if let kept { return kept }
        guard let number = getenv(variable).flatMap({ Int32(String(cString: $0)) }), number > 2 else {
            throw CustodyProblem(
                .encryption, "\(variable) does not name an open descriptor",
                remedy: "start Holdfast with it, such as \(variable)=9 … 9<key")
        }
        defer { close(number) }
        let text = try KeySource.all(of: number, longest: longest, from: "descriptor \(number)")
        known.withLock { $0[variable] = text }
        return text
    }
}
