import Conversation
import Crypto
import Wire

/// The texts of a stream that a supervisor has been given already.
///
/// Every event that ends something repeats it, and the last event repeats all of
/// it. What is the same byte for byte, and in the same scope, isn't judged again.
/// Only hashes are kept: a reader is copied at every frame that goes out.
struct HeardTexts {
    private struct Text: Hashable {
        var scope: PassageScope
        var hash: SHA256Digest

        init(_ scope: PassageScope, _ hash: SHA256Digest) {
            self.scope = scope
            self.hash = hash
        }

        init(_ scope: PassageScope, of text: String) {
            var hash = SHA256()
            hash.update(text)
            self.init(scope, hash.finalize())
        }
    }

    /// A text that comes in pieces.
    private struct Growing {
        var item: Int?
        var name: String
        var scope: PassageScope
        var hash = SHA256()

        var text: Text { Text(scope, hash.finalize()) }
    }

    private var whole: Set<Text> = []
    private var growing: [Growing] = []

    /// Of each kind; beyond it, what is repeated is judged again.
    private static let most = 1 << 16
    private static let mostGrowing = 256

    /// Takes a piece of a text.
    mutating func grow(_ name: String, of item: Int?, _ scope: PassageScope, _ piece: String) {
        if let place = growing.lastIndex(where: { $0.item == item && $0.name == name }) {
            growing[place].hash.update(piece)
        } else if growing.count < Self.mostGrowing {
            growing.append(Growing(item: item, name: name, scope: scope))
            growing[growing.count - 1].hash.update(piece)
        }
    }

    /// The texts of an item, or of what stands in none, are whole.
    mutating func end(_ item: Int?) {
        guard growing.contains(where: { $0.item == item }) else { return }
        for text in growing where text.item == item { insert(text.text) }
        growing.removeAll { $0.item == item }
    }

    /// Takes a text that was judged before the stream began.
    mutating func learn(_ text: String, _ scope: PassageScope) { insert(Text(scope, of: text)) }

    /// Takes a whole text.
    /// - Returns: False for one that has been heard.
    mutating func isNew(_ text: String, of item: Int?, _ scope: PassageScope) -> Bool {
        let heard = Text(scope, of: text)
        guard !whole.contains(heard), !growing.contains(where: { $0.item == item && $0.text == heard }) else {
            return false
        }
        insert(heard)
        return true
    }

    private mutating func insert(_ text: Text) {
        if whole.count < Self.most { whole.insert(text) }
    }
}

extension SHA256 {
    fileprivate mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { update(bufferPointer: UnsafeRawBufferPointer($0)) }
    }
}

/// A text that grows at its end, and is copied often: few pieces, of which the
/// last ones are short.
struct GrowingText {
    private var pieces: [String] = []

    mutating func append(_ text: String) {
        guard !text.isEmpty else { return }
        var last = text
        while let before = pieces.last, before.utf8.count <= 2 * last.utf8.count {
            pieces.removeLast()
            last = before + last
        }
        pieces.append(last)
    }

    var text: String { pieces.joined() }
}
