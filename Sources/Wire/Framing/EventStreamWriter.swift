package import NIOCore

/// The headers of messages of one kind, written once: most of a stream's
/// messages are of very few kinds.
package struct EventStreamHead: Sendable {
    let bytes: ByteBuffer

    /// The headers of an event with a payload of JSON.
    /// - Parameter name: The event's type, at most 200 bytes.
    package init(event name: String) { self.init(":event-type", name, "event") }

    /// The headers of an exception of the API's model.
    package init(exception name: String) { self.init(":exception-type", name, "exception") }

    private init(_ header: StaticString, _ name: String, _ messageType: String) {
        var bytes = ByteBuffer()
        func write(_ header: StaticString, _ value: String) {
            bytes.writeInteger(UInt8(header.utf8CodeUnitCount))
            bytes.writeStaticString(header)
            // A string.
            bytes.writeInteger(UInt8(7))
            bytes.writeInteger(UInt16(value.utf8.count))
            bytes.writeString(value)
        }
        write(header, name)
        write(":content-type", "application/json")
        write(":message-type", messageType)
        self.bytes = bytes
    }
}

/// Writes messages of `application/vnd.amazon.eventstream`.
package enum EventStreamWriter {
    /// - Parameter payload: Appends the payload to what it is given.
    package static func write(
        _ head: EventStreamHead, to buffer: inout ByteBuffer, payload: (inout ByteBuffer) -> Void
    ) {
        let start = buffer.writerIndex
        // Both lengths and their checksum: told below.
        buffer.writeRepeatingByte(0, count: EventStreamParser.preludeLength)
        buffer.writeImmutableBuffer(head.bytes)
        payload(&buffer)
        let total = buffer.writerIndex - start + 4
        buffer.setInteger(UInt32(total), at: start)
        buffer.setInteger(UInt32(head.bytes.readableBytes), at: start + 4)
        buffer.setInteger(sum(of: buffer, from: start, 8), at: start + 8)
        buffer.writeInteger(sum(of: buffer, from: start, total - 4))
    }

    package static func write(_ head: EventStreamHead, data: ByteBuffer, to buffer: inout ByteBuffer) {
        write(head, to: &buffer) { $0.writeImmutableBuffer(data) }
    }

    private static func sum(of buffer: ByteBuffer, from start: Int, _ length: Int) -> UInt32 {
        buffer.withUnsafeReadableBytes { raw in
            let place = start - buffer.readerIndex
            return CRC32(of: UnsafeRawBufferPointer(rebasing: raw[place..<(place + length)])).value
        }
    }
}
