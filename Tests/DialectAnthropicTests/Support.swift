import Conversation
import DialectAnthropic
import Foundation
import NIOCore
import Wire

let dialect = AnthropicDialect()

/// A file under `Tests/Fixtures/anthropic`.
func fixture(_ name: String, from file: String = #filePath) throws -> ByteBuffer {
    let tests = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: tests.appendingPathComponent("Fixtures/anthropic/\(name)"))
    return ByteBuffer(bytes: data)
}

extension TokenCountCaller {
    func decodeCountTokens(_ document: JSONDocument) throws -> ChatRequest {
        try decodeCountTokens(document, at: CalledPath())
    }
}

func chat(_ text: String) throws -> ChatRequest { try dialect.decodeChat(JSONDocument(text)) }

func text(_ buffer: ByteBuffer) -> String { String(buffer: buffer) }

func fragment(_ text: String) -> JSONFragment {
    do { return try JSONFragment(checking: text) } catch { fatalError("\(error): \(text)") }
}

/// The events in a stream's bytes, fed in the pieces given.
func events(in pieces: [ByteBuffer]) throws -> [Frame] {
    var parser = SSEParser()
    var events: [Frame] = []
    for piece in pieces {
        parser.feed(piece)
        while let event = try parser.next() { events.append(event) }
    }
    return events
}

func decode(_ pieces: [ByteBuffer]) throws -> [StreamEvent] {
    var decoder = dialect.makeStreamDecoder()
    var decoded: [StreamEvent] = []
    for event in try events(in: pieces) { try decoder.decode(event, into: &decoded) }
    return decoded
}

func encode(_ events: [StreamEvent], model: String = "assistant") -> ByteBuffer {
    var encoder = dialect.makeStreamEncoder(for: ChatRequest(model: model, messages: []))
    var bytes = ByteBuffer()
    for event in events { encoder.encode(event, into: &bytes) }
    return bytes
}

/// Every way of cutting a buffer in two, then byte by byte.
func cuts(of buffer: ByteBuffer) -> [[ByteBuffer]] {
    var cuts: [[ByteBuffer]] = []
    for offset in 0...buffer.readableBytes {
        cuts.append([
            buffer.getSlice(at: buffer.readerIndex, length: offset)!,
            buffer.getSlice(at: buffer.readerIndex + offset, length: buffer.readableBytes - offset)!,
        ])
    }
    cuts.append(buffer.readableBytesView.map { ByteBuffer(bytes: [$0]) })
    return cuts
}
