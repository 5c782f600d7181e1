/// The target of a request's first line (RFC 9112 §3.2): a path and its query,
/// or the same after a scheme and a host, as callers of proxies write it.
package struct RequestTarget {
    /// Without its query; `/` where none was given.
    package let path: Substring
    /// Without its question mark, empty where there is none.
    package let query: String
    /// The host of an absolute target, which counts before the `Host` field.
    package let authority: Substring?

    package init(_ uri: String) {
        var rest = uri[...]
        var authority: Substring?
        if rest.utf8.first != UInt8(ascii: "/"), let scheme = Self.scheme(of: rest) {
            rest = rest[rest.utf8.index(rest.startIndex, offsetBy: scheme)...]
            let end = rest.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
            authority = rest[..<end]
            rest = rest[end...]
        }
        self.authority = authority
        let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
        path = mark == rest.startIndex && authority != nil ? "/" : rest[..<mark]
        query = mark == rest.endIndex ? "" : String(rest[rest.utf8.index(after: mark)...])
    }

    /// - Returns: the length of `http://` or `https://`, in any case.
    private static func scheme(of text: Substring) -> Int? {
        for scheme in ["http://", "https://"] as [StaticString] {
            let length = scheme.utf8CodeUnitCount
            guard text.utf8.count >= length else { continue }
            let isScheme = zip(text.utf8, UnsafeBufferPointer(start: scheme.utf8Start, count: length))
                .allSatisfy { $0 | 0x20 == $1 | 0x20 }
            if isScheme { return length }
        }
        return nil
    }
}
