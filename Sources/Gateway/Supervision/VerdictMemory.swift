package import NIOCore
package import Supervision

/// The verdicts on whole requests and answers that were judged lately, of one
/// tenant under one policy.
///
/// The same bytes have the same texts, and get the same verdict: neither is
/// read again. Only verdicts that let everything pass, of texts that were read
/// as a whole, are remembered.
package protocol VerdictMemory: Sendable {
    func key(of text: WholeText) -> WindowKey
    func verdict(of key: WindowKey) -> Verdict?
    /// Keeps a verdict, unless it was made under another policy.
    func remember(_ verdict: Verdict, of key: WindowKey)
}

/// A request or an answer as it came.
package struct WholeText: Sendable {
    package enum Kind: String, Sendable {
        case request, answer
    }

    package var kind: Kind
    /// The dialect and all else that says how the bytes are read.
    package var form: String
    /// The text that is judged with the body: values of header fields.
    package var aside: String
    package var body: ByteBuffer

    /// The bytes above which nothing is looked up: their hash alone would take
    /// an event loop's time.
    package static let most = 128 << 10

    package init(_ kind: Kind, form: String, aside: String = "", body: ByteBuffer) {
        self.kind = kind
        self.form = form
        self.aside = aside
        self.body = body
    }
}

extension Verdict {
    /// True where the same bytes may pass again without a judgement.
    var mayBeRemembered: Bool { (ruling == .allow || ruling == .flag) && coverage.unseen.isEmpty }

    /// The same verdict as one from memory: nothing was scored anew for it.
    var fromMemory: Verdict {
        var verdict = self
        verdict.coverage.cached = verdict.coverage.secondStage
        return verdict
    }
}

/// The search for one text in a memory, and the place for its verdict.
struct RememberedText {
    private let memory: any VerdictMemory
    private let key: WindowKey

    /// - Returns: nil where there is no memory, or the text is too large.
    init?(_ text: WholeText, in memory: (any VerdictMemory)?) {
        guard let memory, text.body.readableBytes <= WholeText.most else { return nil }
        self.memory = memory
        key = memory.key(of: text)
    }

    var verdict: Verdict? { memory.verdict(of: key)?.fromMemory }

    func remember(_ verdict: Verdict) {
        if verdict.mayBeRemembered { memory.remember(verdict, of: key) }
    }
}
