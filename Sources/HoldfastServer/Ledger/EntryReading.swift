package import Ledger
import NIOCore
package import Wire

extension EntryText {
    /// Nil where it isn't JSON: version 1 promised it, and is not checked
    /// before.
    package var document: JSONDocument? { try? JSONDocument(ByteBuffer(bytes: json)) }
}
