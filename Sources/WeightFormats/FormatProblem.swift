/// The reason why a file is refused: the place, the defect, and the remedy.
package struct FormatProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// The file violates its format: it is damaged, truncated, or made to cause harm.
        case malformed
        /// A format that is never opened.
        case foreign(ForeignFormat)
        /// A version of GGUF that is not read.
        case unsupported
        /// Neither a format that is taken nor one that is known.
        case unrecognized
        /// The bytes could not be read; says nothing about the file.
        case unreadable
    }

    package var kind: Kind
    /// From the file's start; nil where no one place is to blame.
    package var offset: UInt64?
    package var what: String
    package var remedy: String

    package var description: String {
        "\(what)\(offset.map { " (at byte \($0))" } ?? ""); \(remedy)"
    }

    package init(_ kind: Kind, at offset: UInt64?, _ what: String, remedy: String) {
        (self.kind, self.offset, self.what, self.remedy) = (kind, offset, what, remedy)
    }

    static let takeAgain = "take the file from its publisher again and compare its SHA-256"

    static func malformed(
        _ what: String, at offset: UInt64?, remedy: String = FormatProblem.takeAgain
    ) -> FormatProblem {
        FormatProblem(.malformed, at: offset, what, remedy: remedy)
    }

    package static func unreadable(_ what: String, at offset: UInt64?) -> FormatProblem {
        FormatProblem(
            .unreadable, at: offset, what, remedy: "see whether the disk and the file are in order, and repeat")
    }
}
