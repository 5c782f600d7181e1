import Encodings
import Files
package import Glibc
package import Signing

/// Keys, certificates, signatures: files that are read and written whole,
/// with faults as signing's own errors.
package enum SmallFile {
    /// Also a pipe that the shell hands over, so that a key needs no file:
    /// `--private-key <(…)`.
    ///
    /// - Parameter most: bytes that it may have.
    package static func read(_ path: String, most: Int) throws(SigningProblem) -> [UInt8] {
        do throws(FileFault) {
            return try WholeFile.readAllOrPipe(path, limit: most)
        } catch {
            throw SigningProblem(error)
        }
    }

    /// The same for a regular file alone.
    package static func readRegular(_ path: String, most: Int) throws(SigningProblem) -> [UInt8] {
        do throws(FileFault) {
            return try WholeFile.readAll(path, limit: most)
        } catch {
            throw SigningProblem(error)
        }
    }

    package static func text(_ path: String) throws(SigningProblem) -> String {
        try text(try read(path, most: mostOfText), path)
    }

    package static func regularText(_ path: String) throws(SigningProblem) -> String {
        try text(try readRegular(path, most: mostOfText), path)
    }

    private static let mostOfText = 1 << 20

    private static func text(_ bytes: [UInt8], _ path: String) throws(SigningProblem) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable("\(path.printable) is not a text", remedy: "give the file in PEM, not in DER")
        }
        return text
    }

    /// Whole or not at all, and on the disk when this returns.
    ///
    /// - Parameters:
    ///   - mode: of the file.
    ///   - replaces: one that is there already; else that is an error.
    package static func write(_ text: String, to path: String, mode: mode_t, replaces: Bool) throws(SigningProblem) {
        do throws(FileFault) {
            if replaces {
                try WholeFile.replaceDurably(path, with: Array(text.utf8), mode: mode)
            } else {
                try WholeFile.createDurably(path, with: Array(text.utf8), mode: mode)
            }
        } catch {
            throw SigningProblem(error)
        }
    }
}

extension SigningProblem {
    init(_ fault: FileFault) {
        let path = fault.path.printable
        switch fault.cause {
        case .notRegular:
            self = .unreadable("\(path) is not a regular file: \(fault.reason)", remedy: "put the file there")
        default:
            self = .unreadable("can't \(fault.operation.rawValue) \(path): \(fault.reason)", remedy: fault.remedy ?? "")
        }
    }
}
