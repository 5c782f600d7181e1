package import NIOCore

/// Writes one event in the form that every client reads.
package enum SSEWriter {
    package static func write(name: StaticString? = nil, data: ByteBuffer, to buffer: inout ByteBuffer) {
        if let name {
            buffer.writeStaticString("event: ")
            buffer.writeStaticString(name)
            buffer.writeStaticString("\n")
        }
        buffer.writeStaticString("data: ")
        buffer.writeImmutableBuffer(data)
        buffer.writeStaticString("\n\n")
    }
}
