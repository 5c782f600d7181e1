package import Files
import Glibc

/// The folder in which orders and statements lie before and after the server
/// reads them: the authority that is outside of the process.
///
/// | path | content |
/// |---|---|
/// | `lock` | locked with flock(2) by the one who writes |
/// | `next` | the number of the next suspension, in decimal digits |
/// | `orders/000012.json` | an order, a DSSE envelope; named after its first suspension |
/// | `statements/<sha256>.json` | any other statement, named after its bytes |
/// | `roster/0001.json` | a version of the roster |
/// | `log/<sha256>.json` | an entry of the server's own record, named after its bytes |
///
/// Files are made once, durably, and never changed.
package struct SpoolFolder: Sendable, Hashable {
    /// The folders below it.
    package enum Kind: String, Sendable, CaseIterable {
        case orders, statements, roster, log

        /// The longest file, in bytes: an entry of the record holds a whole
        /// statement in base 64, and an entry of the ledger that entry.
        package var longestFile: Int { self == .log ? 56 << 10 : 32 << 10 }

        /// The digits that a name has at least; 0 for names that are digests.
        var digits: Int {
            switch self {
            case .orders: 6
            case .roster: 4
            case .statements, .log: 0
            }
        }
    }

    /// The most suspensions of one order.
    package static let mostOfOneOrder = 64
    /// The most files of one kind that are read; more are reported.
    package static let mostFiles = 20_000
    /// The greatest number of a suspension.
    package static let greatestNumber = 999_999_999

    package let path: String

    package init(_ path: String) { self.path = path }

    /// The folder of a Holdfast.
    /// - Parameters:
    ///   - house: `.holdfast` beside its settings.
    ///   - data: the folder that `data:` names; nil where it names none.
    package init(house: String, data: String?) { path = "\(data ?? house)/veto" }

    /// Beside the folder, so that it outlives a spool that is emptied.
    package var keyPath: String { "\(path).key" }
    package var lockPath: String { "\(path)/lock" }
    var counterPath: String { "\(path)/next" }

    func folder(of kind: Kind) -> String { "\(path)/\(kind.rawValue)" }

    /// The name of a file of a numbered kind.
    package static func name(_ kind: Kind, _ number: Int) -> String {
        let digits = String(max(0, number))
        return String(repeating: "0", count: max(0, kind.digits - digits.utf8.count)) + digits + ".json"
    }

    /// Reads the number in a file's name.
    /// - Returns: nil for a name that Holdfast doesn't give.
    static func number(_ kind: Kind, in name: String) -> Int? {
        guard kind.digits > 0, name.hasSuffix(".json"), let number = Int(name.dropLast(5)), number > 0,
            number <= greatestNumber, Self.name(kind, number) == name
        else { return nil }
        return number
    }

    /// Reads the digest in a statement's name, in hexadecimal digits.
    static func digest(in name: String) -> String? {
        guard name.utf8.count == 69, name.hasSuffix(".json") else { return nil }
        let digest = name.dropLast(5)
        return digest.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
            ? String(digest) : nil
    }
}

/// A file of the spool.
package struct SpoolFile: Sendable, Hashable {
    package var kind: SpoolFolder.Kind
    /// Of an order's first suspension, or a roster's version; 0 for others.
    package var number: Int
    /// SHA-256 of its bytes, in hexadecimal digits.
    package var digest: String
    package var bytes: [UInt8]

    package init(kind: SpoolFolder.Kind, number: Int, digest: String, bytes: [UInt8]) {
        self.kind = kind
        self.number = number
        self.digest = digest
        self.bytes = bytes
    }
}

/// Something in the spool that can't be read or isn't its own.
package struct SpoolProblem: Sendable, Hashable, CustomStringConvertible {
    package var path: String
    package var reason: String

    package init(_ path: String, _ reason: String) {
        self.path = path
        self.reason = reason
    }

    package init(_ fault: FileFault) { self.init(fault.path, fault.reason) }

    package var description: String { "\(path): \(reason)" }
}
