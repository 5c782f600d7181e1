import Encodings
import NIOCore
import Testing
import Wire

/// The messages of an event stream as text, so that golden files can be read:
/// like server-sent events, with `exception:` for the name of an exception.
///
/// The bytes of InvokeModel's chunks stand there as they are, in a line
/// `bytes:`, and in base 64 in the message.
enum EventText {
    // MARK: From text

    static func bytes(of text: String) throws -> ByteBuffer {
        var bytes = ByteBuffer()
        for block in text.split(separator: "\n\n") {
            var name = ""
            var isException = false
            var data: ByteBuffer?
            for line in block.split(separator: "\n") {
                let colon = try #require(line.firstIndex(of: ":"), "no field in \(line)")
                let value = line[line.index(after: colon)...].drop { $0 == " " }
                switch line[..<colon] {
                case "event": name = String(value)
                case "exception": (name, isException) = (String(value), true)
                case "data": data = ByteBuffer(substring: value)
                case "bytes": data = chunk(value)
                default: Issue.record("no field of a message: \(line)")
                }
            }
            let payload = try #require(data, "no data in \(block)")
            EventStreamWriter.write(head(name, isException), data: payload, to: &bytes)
        }
        return bytes
    }

    private static func head(_ name: String, _ isException: Bool) -> EventStreamHead {
        isException ? EventStreamHead(exception: name) : EventStreamHead(event: name)
    }

    private static func chunk(_ bytes: Substring) -> ByteBuffer {
        var json = JSONWriter()
        json.object { $0.member("bytes", Base64.encode(Array(bytes.utf8))) }
        return json.buffer
    }

    // MARK: To text

    /// Reads a stream of whole messages that are written as ``EventStreamWriter``
    /// writes them: no byte of it is lost in the text.
    static func text(of bytes: ByteBuffer) throws -> String {
        var parser = FrameParser(.eventStream)
        parser.feed(bytes)
        var text = ""
        while let frame = try parser.next() {
            text += "\(frame.isException ? "exception" : "event"): \(frame.name)\n"
            let said = (try? JSONDocument(frame.data))?.root["bytes"]?.string.flatMap { Base64.decode($0) }
            if frame.name == "chunk", let said {
                text += "bytes: \(String(decoding: said, as: UTF8.self))\n\n"
            } else {
                text += "data: \(String(buffer: frame.data))\n\n"
            }
        }
        #expect(parser.unfinishedBytes == 0)
        #expect(try self.bytes(of: text) == bytes, "the messages hold more than the text says")
        return text
    }

    // MARK: Frames of one framing in another

    static func bytes(of frames: [Frame], in framing: Framing) -> ByteBuffer {
        var bytes = ByteBuffer()
        for frame in frames {
            switch framing {
            case .serverSentEvents:
                if !frame.name.isEmpty { bytes.writeString("event: \(frame.name)\n") }
                SSEWriter.write(data: frame.data, to: &bytes)
            case .eventStream:
                EventStreamWriter.write(head(frame.name, frame.isException), data: frame.data, to: &bytes)
            }
        }
        return bytes
    }
}
