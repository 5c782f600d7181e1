import Glibc

/// Copies a file that lies on the disk as it is.
package enum PlainCopy {
    /// - Throws: ``CustodyProblem`` if the file is shorter or longer than expected, even if it only becomes so during
    ///   the copy.
    package static func run(
        _ file: borrowing PlainFile, into memory: inout MemoryFile, expecting size: UInt64, of name: String
    ) throws(CustodyProblem) {
        guard file.size == size else { throw .length(of: name, file.size, size) }
        while memory.size < size {
            let count = try memory.fill(most: size - memory.size) { (buffer) throws(CustodyProblem) in
                try file.read(into: buffer)
            }
            guard count > 0 else { throw .length(of: name, memory.size, size) }
        }
        var byte: UInt8 = 0
        var more = 0
        var problem: CustodyProblem?
        withUnsafeMutableBytes(of: &byte) { byte in
            do throws(CustodyProblem) { more = try file.read(into: byte) } catch { problem = error }
        }
        if let problem { throw problem }
        guard more == 0 else {
            throw CustodyProblem(
                .mismatch, "\(name) grew while it was copied: it is longer than \(size) bytes",
                remedy: "let nothing write to it, and start the engine again")
        }
    }
}

extension CustodyProblem {
    static func length(of name: String, _ found: UInt64, _ expected: UInt64) -> CustodyProblem {
        CustodyProblem(
            .mismatch, "\(name) has \(found) bytes, and its manifest says \(expected)",
            remedy: "fetch the file that the manifest was made for")
    }

    static func changed(
        _ file: ExpectedWeights.File, _ found: ContentDigest, _ origin: ExpectedWeights.Origin
    ) -> CustodyProblem {
        CustodyProblem(
            .mismatch,
            "\(file.name) is not what its manifest says: its SHA-256 is \(found)"
                + (file.sha256.map { ", and \($0) was expected" } ?? ""),
            remedy: origin == .signed
                ? "fetch the file that was signed, or have this one signed"
                : "fetch the file again; if you replaced it yourself, have its new manifest made "
                    + "by removing the old one from .holdfast/custody")
    }
}
