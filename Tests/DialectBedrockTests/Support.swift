import Conversation
import DialectBedrock
import NIOCore
import Testing
import Wire

let converse = ConverseDialect()
let invoke = InvokeDialect()

private let path = CalledPath(model: "assistant", isStream: false)

/// A request of Converse, with the members given beside one message.
func asked(_ members: String = "", of door: any CallerProtocol = converse) throws -> ChatRequest {
    let more = members.isEmpty ? "" : ",\(members)"
    return try door.decodeChat(
        JSONDocument(#"{"messages":[{"role":"user","content":[{"text":"Hi"}]}]\#(more)}"#), at: path)
}

/// A request of Converse with one message of these blocks.
func said(_ blocks: String, by role: String = "user") throws -> ChatRequest {
    try converse.decodeChat(JSONDocument(#"{"messages":[{"role":"\#(role)","content":[\#(blocks)]}]}"#), at: path)
}

func problem(_ body: () throws -> ChatRequest) -> APIProblem? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? APIProblem
    }
}

/// The messages of a stream's bytes.
func frames(_ bytes: ByteBuffer) throws -> [Frame] {
    var parser = FrameParser(.eventStream)
    parser.feed(bytes)
    var frames: [Frame] = []
    while let frame = try parser.next() { frames.append(frame) }
    #expect(parser.unfinishedBytes == 0)
    return frames
}

/// The messages of a stream, each as its name and its payload.
func lines(_ bytes: ByteBuffer) throws -> [String] {
    try frames(bytes).map { "\($0.isException ? "!" : "")\($0.name) \(String(buffer: $0.data))" }
}

func encode(_ events: [StreamEvent], by door: any CallerProtocol = converse) -> ByteBuffer {
    var encoder = door.makeStreamEncoder(for: ChatRequest(model: "assistant", messages: []))
    var bytes = ByteBuffer()
    for event in events { encoder.encode(event, into: &bytes) }
    return bytes
}

func fragment(_ text: String) -> JSONFragment {
    do { return try JSONFragment(checking: text) } catch { fatalError("\(error): \(text)") }
}

func text(_ buffer: ByteBuffer) -> String { String(buffer: buffer) }
