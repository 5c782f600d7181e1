import NIOCore
import Wire

/// Writes the events of a streamed response, each with its number.
struct EventLines {
    /// The number of the next event.
    private(set) var next: Int

    init(from next: Int = 0) { self.next = next }

    mutating func write(_ type: StaticString, to bytes: inout ByteBuffer, _ members: (inout JSONWriter) -> Void) {
        begin(type, to: &bytes)
        bytes.writeStaticString("data: ")
        let start = bytes.writerIndex
        // One owner, or all that was written would be copied.
        var json = JSONWriter(bytes)
        bytes = ByteBuffer()
        json.object { json in
            json.member("type", "\(type)")
            json.member("sequence_number", number())
            members(&json)
        }
        bytes = json.buffer
        Self.keepToOneLine(&bytes, from: start)
        bytes.writeStaticString("\n\n")
    }

    /// Puts spaces in place of line breaks: what an event repeats of a request
    /// stands there as the caller has laid it out, and a line break ends a field of
    /// an event. Inside of JSON's strings there are none.
    private static func keepToOneLine(_ bytes: inout ByteBuffer, from start: Int) {
        bytes.withUnsafeMutableReadableBytes { bytes in
            let line = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
            guard line.contains(where: isBreak) else { return }
            for index in line.indices where isBreak(line[index]) { line[index] = UInt8(ascii: " ") }
        }
    }

    private static func isBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    /// Writes an event that has a text: the many of a stream.
    /// - Parameters:
    ///   - place: The members that say where it belongs, from a comma on.
    ///   - end: The rest behind the text.
    mutating func delta(
        _ type: StaticString, _ place: ByteBuffer, _ text: String, to bytes: inout ByteBuffer, end: ByteBuffer? = nil
    ) {
        begin(type, to: &bytes)
        bytes.writeStaticString("data: {\"type\":\"")
        bytes.writeStaticString(type)
        bytes.writeStaticString("\",\"sequence_number\":")
        bytes.writeString(String(number()))
        bytes.writeImmutableBuffer(place)
        bytes.writeStaticString(",\"delta\":")
        JSONString.append(text, to: &bytes)
        if let end { bytes.writeImmutableBuffer(end) }
        bytes.writeStaticString("}\n\n")
    }

    private func begin(_ type: StaticString, to bytes: inout ByteBuffer) {
        bytes.writeStaticString("event: ")
        bytes.writeStaticString(type)
        bytes.writeStaticString("\n")
    }

    private mutating func number() -> Int {
        defer { next &+= 1 }
        return next
    }
}
