package import NIOCore

/// Writes JSON into a buffer, commas and quotes included.
///
/// ```swift
/// var json = JSONWriter()
/// json.object { json in
///     json.member("role", "assistant")
///     json.array("content") { json in json.element("…") }
/// }
/// ```
/// It is the caller's duty to write one value, and members only inside an
/// object.
package struct JSONWriter {
    package var buffer: ByteBuffer
    private var needsComma = false

    package init(_ buffer: ByteBuffer = ByteBufferAllocator().buffer(capacity: 512)) {
        self.buffer = buffer
    }

    /// The value that has been written, once it is whole.
    package var fragment: JSONFragment { JSONFragment(checked: buffer) }

    // MARK: Containers

    package mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        begin(UInt8(ascii: "{"))
        try body(&self)
        end(UInt8(ascii: "}"))
    }

    package mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        begin(UInt8(ascii: "["))
        try body(&self)
        end(UInt8(ascii: "]"))
    }

    package mutating func object(_ name: StaticString, _ body: (inout JSONWriter) throws -> Void) rethrows {
        key(name)
        try object(body)
    }

    package mutating func array(_ name: StaticString, _ body: (inout JSONWriter) throws -> Void) rethrows {
        key(name)
        try array(body)
    }

    private mutating func begin(_ byte: UInt8) {
        separate()
        buffer.writeInteger(byte)
        needsComma = false
    }

    private mutating func end(_ byte: UInt8) {
        buffer.writeInteger(byte)
        needsComma = true
    }

    // MARK: Names

    /// A member's name that needs no escaping.
    package mutating func key(_ name: StaticString) {
        let isFirst = !needsComma
        // In one go: what a buffer asks at each writing costs more than the
        // bytes.
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: name.utf8CodeUnitCount + 4) { bytes in
            var place = 0
            if !isFirst {
                bytes[0] = UInt8(ascii: ",")
                place = 1
            }
            bytes[place] = UInt8(ascii: "\"")
            (bytes.baseAddress! + place + 1).copyMemory(from: name.utf8Start, byteCount: name.utf8CodeUnitCount)
            place += name.utf8CodeUnitCount + 1
            bytes[place] = UInt8(ascii: "\"")
            bytes[place + 1] = UInt8(ascii: ":")
            return place + 2
        }
        needsComma = false
    }

    /// A member's name as data.
    package mutating func key(dynamic name: String) {
        if !JSONString.appendPlain(name, to: &buffer, comma: needsComma, colon: true) {
            separate()
            JSONString.append(name, to: &buffer)
            buffer.writeInteger(UInt8(ascii: ":"))
        }
        needsComma = false
    }

    // MARK: Values

    package mutating func value(_ text: String) {
        separate()
        if !JSONString.appendPlain(text, to: &buffer) { JSONString.append(text, to: &buffer) }
        needsComma = true
    }

    package mutating func value(_ number: Int) {
        separate()
        write(number)
        needsComma = true
    }

    private mutating func write(_ number: Int) {
        // The longest is Int.min, of twenty bytes.
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 20) { bytes in
            var rest = number.magnitude
            var length = number < 0 ? 2 : 1
            while rest >= 10 {
                rest /= 10
                length += 1
            }
            rest = number.magnitude
            var place = length
            repeat {
                place -= 1
                bytes[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 { bytes[0] = UInt8(ascii: "-") }
            return length
        }
    }

    /// A finite number; one that is not becomes null, as JSON has no other.
    package mutating func value(_ number: Double) {
        separate()
        if number.isFinite {
            if number == number.rounded(), abs(number) < 1e15 {
                write(Int(number))
            } else {
                buffer.writeString(String(number))
            }
        } else {
            buffer.writeStaticString("null")
        }
        needsComma = true
    }

    package mutating func value(_ bool: Bool) {
        separate()
        if bool { buffer.writeStaticString("true") } else { buffer.writeStaticString("false") }
        needsComma = true
    }

    package mutating func value(_ fragment: JSONFragment) {
        separate()
        buffer.writeImmutableBuffer(fragment.bytes)
        needsComma = true
    }

    /// Bytes that are one JSON value, as this has written them before.
    package mutating func value(encoded bytes: ByteBuffer) {
        separate()
        buffer.writeImmutableBuffer(bytes)
        needsComma = true
    }

    /// Members or elements with commas between, as this has written them
    /// before; none for no bytes.
    package mutating func contents(encoded bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        value(encoded: bytes)
    }

    package mutating func null() {
        separate()
        buffer.writeStaticString("null")
        needsComma = true
    }

    // MARK: Members

    package mutating func member(_ name: StaticString, _ text: String) {
        key(name)
        value(text)
    }
    package mutating func member(_ name: StaticString, _ number: Int) {
        key(name)
        value(number)
    }
    package mutating func member(_ name: StaticString, _ number: Double) {
        key(name)
        value(number)
    }
    package mutating func member(_ name: StaticString, _ bool: Bool) {
        key(name)
        value(bool)
    }
    package mutating func member(_ name: StaticString, _ fragment: JSONFragment) {
        key(name)
        value(fragment)
    }
    package mutating func null(_ name: StaticString) {
        key(name)
        null()
    }

    // Nothing is written for a member that is absent.
    package mutating func member(_ name: StaticString, ifPresent text: String?) {
        if let text { member(name, text) }
    }
    package mutating func member(_ name: StaticString, ifPresent number: Int?) {
        if let number { member(name, number) }
    }
    package mutating func member(_ name: StaticString, ifPresent number: Double?) {
        if let number { member(name, number) }
    }
    package mutating func member(_ name: StaticString, ifPresent bool: Bool?) {
        if let bool { member(name, bool) }
    }
    package mutating func member(_ name: StaticString, ifPresent fragment: JSONFragment?) {
        if let fragment { member(name, fragment) }
    }

    @inline(__always)
    private mutating func separate() {
        if needsComma { buffer.writeInteger(UInt8(ascii: ",")) }
    }
}
