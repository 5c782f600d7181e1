import Conversation

/// An image inside a `data:` URL (RFC 2397), base64 only.
package struct DataURL {
    package var mediaType: String
    /// Base64, as it came: whether it is well-formed is for whoever opens it.
    package var data: String

    package static func isOne(_ url: String) -> Bool {
        url.utf8.count >= 5 && url.utf8.prefix(5).elementsEqual("data:".utf8) { $0 | 0x20 == $1 | 0x20 }
    }

    package init?(_ url: String) {
        guard Self.isOne(url), let comma = url.utf8.firstIndex(of: UInt8(ascii: ",")) else { return nil }
        let head = url[url.utf8.index(url.startIndex, offsetBy: 5)..<comma].split(
            separator: ";", omittingEmptySubsequences: false)
        guard head.count >= 2, let mediaType = head.first.map(String.init), ImageSource.isMediaType(mediaType),
            head.last?.lowercased() == "base64"
        else { return nil }
        self.mediaType = mediaType.lowercased()
        self.data = String(url[url.utf8.index(after: comma)...])
    }

    package static func write(mediaType: String, data: String) -> String { "data:\(mediaType);base64,\(data)" }
}
