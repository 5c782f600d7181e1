import NIOCore

/// The text of server-sent events that is no event: comments, fields that no
/// client knows, names that the last one replaced.
enum SSEWords {
    /// - Parameters:
    ///   - frame: The frame; nil for bytes between frames.
    ///   - bytes: The bytes that it came in.
    static func beside(_ frame: Frame?, in bytes: ByteBuffer) -> String {
        let name = frame?.name ?? ""
        let said = (frame?.data.readableBytes ?? 0) + name.utf8.count
        // `event: `, `data: ` and their line ends: nothing else fits in.
        guard bytes.readableBytes > said + (frame == nil ? 1 : name.isEmpty ? 8 : 16) else { return "" }
        var aside: [Substring] = []
        // By bytes: a CRLF is one character.
        let text = String(buffer: bytes)
        for line in text.unicodeScalars.split(whereSeparator: { $0 == "\n" || $0 == "\r" }) {
            let line = Substring(line)
            guard !isField("data", line) else { continue }
            if isField("event", line), line.dropFirst(6).drop(while: { $0 == " " }) == name { continue }
            aside.append(line)
        }
        return aside.joined(separator: "\n")
    }

    private static func isField(_ name: String, _ line: Substring) -> Bool {
        line.utf8.starts(with: name.utf8)
            && (line.utf8.count == name.utf8.count || line.utf8.dropFirst(name.utf8.count).first == UInt8(ascii: ":"))
    }
}
