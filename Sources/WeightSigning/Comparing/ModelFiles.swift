package import Signing

/// The files of a model, wherever they are.
package protocol ModelFiles {
    /// All that is there and isn't a folder, in any order.
    func list() throws(SigningProblem) -> [ModelEntry]

    /// Gives a file's bytes piece by piece, from the first to the last.
    ///
    /// - Throws: also where it is no regular file, or a link leads to it.
    func read(
        _ path: ModelPath, _ take: (UnsafeRawBufferPointer) throws(SigningProblem) -> Void
    ) throws(SigningProblem)
}

/// Something in a model's folder.
package struct ModelEntry: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case file
        case link
        /// A FIFO, a socket, a device.
        case other
    }

    package var path: ModelPath
    package var kind: Kind

    package init(_ path: ModelPath, _ kind: Kind) { (self.path, self.kind) = (path, kind) }
}
