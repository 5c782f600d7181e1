package import NIOCore

/// One header of a message of `application/vnd.amazon.eventstream`.
///
/// https://smithy.io/2.0/aws/amazon-eventstream.html
package struct EventStreamHeader: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        case bool(Bool)
        case byte(Int8)
        case short(Int16)
        case integer(Int32)
        case long(Int64)
        case bytes(ByteBuffer)
        /// Text in UTF-8; bytes that are none.
        case string(ByteBuffer)
        /// Milliseconds since 1970.
        case timestamp(Int64)
        /// 16 bytes.
        case uuid(ByteBuffer)
    }

    package var name: ByteBuffer
    package var value: Value

    package init(name: ByteBuffer, value: Value) {
        self.name = name
        self.value = value
    }

    /// Reads the next header of a message.
    /// - Parameter bytes: The rest of its headers; what is read is taken away.
    /// - Returns: nil where the bytes are no header.
    static func read(_ bytes: inout ByteBuffer) -> EventStreamHeader? {
        guard let length = bytes.readInteger(as: UInt8.self), length > 0,
            let name = bytes.readSlice(length: Int(length)), let kind = bytes.readInteger(as: UInt8.self),
            let value = value(kind, &bytes)
        else { return nil }
        return EventStreamHeader(name: name, value: value)
    }

    private static func value(_ kind: UInt8, _ bytes: inout ByteBuffer) -> Value? {
        switch kind {
        case 0: .bool(true)
        case 1: .bool(false)
        case 2: bytes.readInteger().map(Value.byte)
        case 3: bytes.readInteger().map(Value.short)
        case 4: bytes.readInteger().map(Value.integer)
        case 5: bytes.readInteger().map(Value.long)
        case 6: bytes.readLengthPrefixedSlice(as: UInt16.self).map(Value.bytes)
        case 7: bytes.readLengthPrefixedSlice(as: UInt16.self).map(Value.string)
        case 8: bytes.readInteger().map(Value.timestamp)
        case 9: bytes.readSlice(length: 16).map(Value.uuid)
        default: nil
        }
    }

    /// Returns whether the header has a name.
    func isNamed(_ name: StaticString) -> Bool { self.name.equals(name) }
}

extension ByteBuffer {
    func equals(_ text: StaticString) -> Bool {
        readableBytesView.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
