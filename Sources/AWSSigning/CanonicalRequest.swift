import Crypto
import Encodings
import Wire

/// A request in the one spelling that a signature is made of.
///
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
package struct CanonicalRequest: Sendable {
    /// All lines but the payload's, each with its line feed.
    private let beforePayload: String

    /// - Parameter signedNames: in lower case, sorted, each once.
    package init(_ request: SigV4Request, signedNames: [String]) {
        var text = request.method.uppercased()
        text.append("\n")
        text.append(Self.path(request.path))
        text.append("\n")
        text.append(Self.query(request.query))
        text.append("\n")
        for name in signedNames {
            text.append(name)
            var mark = ":"
            for field in request.fields.fields where field.name == name {
                text.append(mark)
                text.append(Self.value(field.value))
                mark = ","
            }
            text.append(mark == ":" ? ":\n" : "\n")
        }
        text.append("\n")
        text.append(signedNames.joined(separator: ";"))
        text.append("\n")
        beforePayload = text
    }

    package func text(_ payload: SigV4Payload) -> String { beforePayload + payload.text }

    /// The text that a derived key signs.
    package func stringToSign(_ payload: SigV4Payload, time: SigV4Time, scope: SigV4Scope) -> String {
        let hash = Hex.encode(SHA256.hash(data: Array(text(payload).utf8)))
        return "\(sigV4Algorithm)\n\(time.text)\n\(scope.text)\n\(hash)"
    }

    // MARK: Lines

    /// The path without its dot segments and empty ones, and escaped once more:
    /// an escape that the caller sent is `%25` and its digits.
    package static func path(_ raw: String) -> String {
        guard !raw.isEmpty else { return "/" }
        var segments: [Substring.UTF8View] = []
        for segment in raw[...].utf8.split(separator: UInt8(ascii: "/")) {
            if segment.elementsEqual(".".utf8) { continue }
            if segment.elementsEqual("..".utf8) {
                _ = segments.popLast()
            } else {
                segments.append(segment)
            }
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(raw.utf8.count + 16)
        if raw.utf8.first == UInt8(ascii: "/") { bytes.append(UInt8(ascii: "/")) }
        for (index, segment) in segments.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: "/")) }
            for byte in segment {
                if isUnreserved(byte) {
                    bytes.append(byte)
                } else {
                    bytes.append(UInt8(ascii: "%"))
                    bytes.append(digits[Int(byte >> 4)])
                    bytes.append(digits[Int(byte & 15)])
                }
            }
        }
        if raw.utf8.last == UInt8(ascii: "/"), !segments.isEmpty { bytes.append(UInt8(ascii: "/")) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// The pairs in their order, by name and then by value, each with its `=`.
    package static func query(_ raw: String) -> String {
        guard !raw.isEmpty else { return "" }
        let pairs = raw.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false).map { pair in
            let mark = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let value = mark == pair.endIndex ? pair[mark...] : pair[pair.index(after: mark)...]
            return (name: pair[..<mark], value: value)
        }
        return pairs.sorted { left, right in
            left.name.elementsEqual(right.name)
                ? left.value.lexicographicallyPrecedes(right.value) : left.name.lexicographicallyPrecedes(right.name)
        }.map { String(decoding: $0.name, as: UTF8.self) + "=" + String(decoding: $0.value, as: UTF8.self) }
            .joined(separator: "&")
    }

    /// A field's value without white space around it, and with one space for
    /// each run of it.
    package static func value(_ raw: String) -> String {
        raw.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map { String(Substring($0)) }
            .joined(separator: " ")
    }
}

/// The one algorithm that is spoken here.
let sigV4Algorithm = "AWS4-HMAC-SHA256"
