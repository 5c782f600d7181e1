package import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension ByteBuffer {
    /// The reader-relative offset of the first `needle` at or after `start`, or nil.
    package func offset(of needle: StaticString, from start: Int = 0) -> Int? {
        self.withUnsafeReadableBytes { (bytes) -> Int? in
            guard let base = bytes.baseAddress else { return nil }
            let length = needle.utf8CodeUnitCount
            var at = start
            while at + length <= bytes.count,
                let hit = memchr(base + at, Int32(needle.utf8Start[0]), bytes.count - at - length + 1)
            {
                at = UnsafeRawPointer(hit) - base
                if memcmp(base + at, needle.utf8Start, length) == 0 { return at }
                at += 1
            }
            return nil
        }
    }

    /// Returns the offset at which the value of the JSON member `quotedName` (quotes included) begins, or nil.
    ///
    /// This is a scan, not a parser: it takes the first `"name"` that a colon follows, at any depth. That is sufficient
    /// for bodies that this package or a gateway wrote.
    package func offsetOfJSONValue(of quotedName: StaticString) -> Int? {
        var from = 0
        while let found = self.offset(of: quotedName, from: from) {
            from = found + quotedName.utf8CodeUnitCount
            let value: Int? = self.withUnsafeReadableBytes { bytes in
                var at = from
                while at < bytes.count, bytes[at] == UInt8(ascii: " ") { at += 1 }
                guard at < bytes.count, bytes[at] == UInt8(ascii: ":") else { return nil }
                at += 1
                while at < bytes.count, bytes[at] == UInt8(ascii: " ") { at += 1 }
                return at < bytes.count ? at : nil
            }
            if let value { return value }
        }
        return nil
    }

    /// Returns whether the JSON member `quotedName` (quotes included) is `true`.
    package func jsonFlag(_ quotedName: StaticString) -> Bool {
        guard let at = self.offsetOfJSONValue(of: quotedName) else { return false }
        return self.offset(of: "true", from: at) == at
    }
}
