import NIOCore

/// The headers of a message that say what it is.
struct EventStreamKind {
    private var messageType: ByteBuffer?
    private var eventType: ByteBuffer?
    private var exceptionType: ByteBuffer?
    private var errorCode: ByteBuffer?
    private var errorMessage: ByteBuffer?
    private var contentType: ByteBuffer?
    /// The names of all others.
    private var others: Set<ByteBuffer> = []

    /// - Parameter headers: All headers of one message.
    /// - Returns: nil where they are none, or say one thing twice.
    init?(_ headers: ByteBuffer) {
        var rest = headers
        while rest.readableBytes > 0 {
            guard let header = EventStreamHeader.read(&rest), note(header) else { return nil }
        }
    }

    /// - Returns: false for a name that was there before, and for a header of
    ///   these that is no text: a message could be understood in two ways.
    private mutating func note(_ header: EventStreamHeader) -> Bool {
        let place: WritableKeyPath<EventStreamKind, ByteBuffer?>
        switch header {
        case _ where header.isNamed(":message-type"): place = \.messageType
        case _ where header.isNamed(":event-type"): place = \.eventType
        case _ where header.isNamed(":content-type"): place = \.contentType
        case _ where header.isNamed(":exception-type"): place = \.exceptionType
        case _ where header.isNamed(":error-code"): place = \.errorCode
        case _ where header.isNamed(":error-message"): place = \.errorMessage
        default: return others.insert(header.name).inserted
        }
        guard self[keyPath: place] == nil, case .string(let text) = header.value else { return false }
        self[keyPath: place] = text
        return true
    }

    /// True for a message of the type `exception`, which the API's model has,
    /// and of the type `error`, which it hasn't.
    var isException: Bool { isOfType("exception") || isOfType("error") }

    /// The name of the event, of the exception or of the error; empty where the
    /// message doesn't say.
    var name: String {
        let name = isOfType("exception") ? exceptionType : isOfType("error") ? errorCode : eventType
        return name.map { String(buffer: $0) } ?? ""
    }

    /// True for an error, whose words are in its headers.
    var hasWords: Bool { isOfType("error") && errorMessage != nil }

    /// The payload; an error has none, and gets one of its words.
    func words(of payload: ByteBuffer) -> ByteBuffer {
        guard hasWords, payload.readableBytes == 0, let errorMessage else { return payload }
        var json = JSONWriter()
        json.object { $0.member("message", String(buffer: errorMessage)) }
        return json.buffer
    }

    /// The text that the headers hold beside those that say what the message
    /// is, each on a line: names, and values that are texts or bytes.
    static func wordsBeside(_ headers: ByteBuffer) -> [String] {
        var words: [String] = []
        var rest = headers
        while rest.readableBytes > 0, let header = EventStreamHeader.read(&rest) {
            if header.isNamed(":message-type") || header.isNamed(":event-type") || header.isNamed(":exception-type") {
                continue
            }
            if header == jsonType { continue }
            words.append(String(buffer: header.name))
            switch header.value {
            case .string(let text), .bytes(let text), .uuid(let text): words.append(String(buffer: text))
            case .bool, .byte, .short, .integer, .long, .timestamp: break
            }
        }
        return words
    }

    private static let jsonType = EventStreamHeader(
        name: ByteBuffer(string: ":content-type"), value: .string(ByteBuffer(string: "application/json")))

    private func isOfType(_ word: StaticString) -> Bool { messageType?.equals(word) ?? false }
}
