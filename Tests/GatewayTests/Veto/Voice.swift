import Conversation
import DialectAnthropic
import DialectBedrock
import DialectOpenAI
import DialectResponses
import Gateway
import GatewayTesting
import NIOCore
import Wire

/// An API that streams: as a caller speaks it, and as a provider does.
enum Voice: String, CaseIterable, Sendable, CustomStringConvertible {
    case openai, anthropic, responses, converse, invoke

    var description: String { rawValue }

    private static let clock: @Sendable () -> Int = { 1_700_000_000 }

    var door: any CallerProtocol {
        switch self {
        case .openai: OpenAIDialect(now: Self.clock)
        case .anthropic: AnthropicDialect()
        case .responses: ResponsesDialect(now: Self.clock)
        case .converse: ConverseDialect()
        case .invoke: InvokeDialect()
        }
    }

    var provider: any ProviderProtocol {
        switch self {
        case .openai: OpenAIDialect(now: Self.clock)
        case .anthropic: AnthropicDialect()
        case .responses: ResponsesDialect(now: Self.clock)
        case .converse: ConverseDialect()
        case .invoke: InvokeDialect()
        }
    }

    /// True where the path of a call names the model.
    private var namesModelInPath: Bool { self == .converse || self == .invoke }

    var path: CalledPath { namesModelInPath ? CalledPath(model: "talk", isStream: true) : CalledPath() }

    /// A request for a stream of the route `talk`, with a tool.
    var request: String {
        let schema = #"{"type":"object","properties":{"where":{"type":"string"}}}"#
        let messages = #""messages":[{"role":"user","content":"hello"}]"#
        return switch self {
        case .openai:
            #"{"model":"talk",\#(messages),"max_tokens":500,"stream":true,"tools":[{"type":"function","function":"#
                + #"{"name":"look","parameters":\#(schema)}}]}"#
        case .anthropic:
            #"{"model":"talk",\#(messages),"max_tokens":500,"stream":true,"tools":[{"name":"look","input_schema":\#(schema)}]}"#
        case .responses:
            #"{"model":"talk","input":"hello","max_output_tokens":500,"stream":true,"store":false,"tools":[{"type":"#
                + #""function","name":"look","parameters":\#(schema),"strict":false}]}"#
        case .converse:
            #"{"messages":[{"role":"user","content":[{"text":"hello"}]}],"inferenceConfig":{"maxTokens":500},"toolConfig":"#
                + #"{"tools":[{"toolSpec":{"name":"look","inputSchema":{"json":\#(schema)}}}]}}"#
        case .invoke:
            #"{"anthropic_version":"bedrock-2023-05-31",\#(messages),"max_tokens":500,"tools":[{"name":"look","#
                + #""input_schema":\#(schema)}]}"#
        }
    }

    /// The frames before the one that ends a stream.
    func unended(_ frames: [ByteBuffer]) throws -> [ByteBuffer] {
        var decoder = provider.makeStreamDecoder()
        var parser = FrameParser(door.framing)
        return Array(
            try frames.prefix { bytes in
                parser.feed(bytes)
                var events: [StreamEvent] = []
                while let frame = try parser.next() { try decoder.decode(frame, into: &events) }
                return !events.contains(.ended)
            })
    }

    /// A provider's stream of these events, in one piece for each frame.
    func frames(_ events: [StreamEvent]) throws -> [ByteBuffer] {
        var encoder = door.makeStreamEncoder(for: ChatRequest(model: "m", messages: []))
        var bytes = ByteBuffer()
        for event in events { encoder.encode(event, into: &bytes) }
        var parser = FrameParser(door.framing)
        parser.feed(bytes)
        var (frames, begin) = ([ByteBuffer](), 0)
        while try parser.next() != nil {
            let end = bytes.readableBytes - parser.unfinishedBytes
            frames.append(bytes.getSlice(at: begin, length: end - begin)!)
            begin = end
        }
        return frames
    }

    /// The same as a lane's answer.
    func answer(_ pieces: [ByteBuffer]) -> ReplayLane.Script { .answer(type: door.framing.contentType, pieces) }
}

/// A stream of any API as its caller understands it.
struct HeardVoice {
    var text = ""
    var starts = 0
    var finishes: [FinishReason] = []
    var calls: [String] = []
    var ends = 0
    var failures = 0
    /// The frames that were read.
    var frames = 0
    /// The reason why no client could read the stream; nil where one can.
    var problem: String?

    init(_ reply: CollectedReply, _ voice: Voice) {
        let told = reply.told
        if !told.offences.isEmpty { problem = told.offences.joined(separator: ", ") }
        do {
            var parser = FrameParser(voice.door.framing)
            parser.feed(told.body)
            var decoder = voice.provider.makeStreamDecoder()
            var numbers: [Int] = []
            while let frame = try parser.next() {
                frames += 1
                var events: [StreamEvent] = []
                try decoder.decode(frame, into: &events)
                for event in events { note(event) }
                // The number of an error lies above all others.
                if voice == .responses, failures == 0,
                    let number = (try? JSONDocument(frame.data))?.root["sequence_number"]?.int
                {
                    numbers.append(number)
                }
            }
            if parser.unfinishedBytes > 0 { problem = "it ends inside a frame" }
            if numbers != Array(0..<numbers.count) { problem = "events are numbered \(numbers)" }
        } catch {
            problem = "\(error)"
        }
    }

    private mutating func note(_ event: StreamEvent) {
        switch event {
        case .started: starts += 1
        case .text(_, let text): self.text += text
        case .toolCallStarted: calls.append("")
        case .toolCallArguments(_, let call, let fragment):
            guard calls.indices.contains(call) else { return problem = "arguments of no call" }
            calls[call] += fragment
        case .finished(_, let reason, _): finishes.append(reason)
        case .failed: failures += 1
        case .ended: ends += 1
        default: break
        }
    }
}
