import Conversation
import DialectResponses
import NIOCore
import Testing
import Wire

/// The dialect as callers speak it, with a clock that stands still.
enum CallerFixture {
    static let dialect = ResponsesDialect(now: { 1_700_000_000 })

    /// Reads a request with these members beside a model and an input.
    static func read(_ members: String = "", input: String = #""Hi""#) throws -> ChatRequest {
        let rest = members.isEmpty ? "" : ",\(members)"
        return try dialect.decodeChat(JSONDocument(#"{"model":"m","input":\#(input)\#(rest)}"#))
    }

    /// The names of what a request leaves over, those that are needed behind `!`.
    static func leftovers(_ request: ChatRequest) -> [String] {
        request.leftovers.map { ($0.isAdvisory ? "" : "!") + $0.field }.filter { $0 != "store" }
    }

    /// Reads a request that must be refused.
    static func problem(_ members: String = "", input: String = #""Hi""#) -> APIProblem? {
        do {
            _ = try read(members, input: input)
            return nil
        } catch let problem as APIProblem {
            return problem
        } catch {
            return nil
        }
    }

    /// An event of a stream as a caller gets it.
    struct Event {
        var name: String
        var data: JSONView

        var type: String { data["type"]?.string ?? "" }
    }

    static func events(_ bytes: ByteBuffer) throws -> [Event] {
        var parser = FrameParser(.serverSentEvents)
        parser.feed(bytes)
        var events: [Event] = []
        while let frame = try parser.next() {
            if String(buffer: frame.data) == "[DONE]" {
                events.append(Event(name: "done", data: try JSONDocument("{}").root))
            } else {
                events.append(Event(name: frame.name, data: try JSONDocument(frame.data).root))
            }
        }
        #expect(parser.unfinishedBytes == 0)
        return events
    }

    static func encode(_ events: [StreamEvent], to request: ChatRequest) throws -> [Event] {
        var encoder = dialect.makeStreamEncoder(for: request)
        var bytes = ByteBuffer()
        for event in events { encoder.encode(event, into: &bytes) }
        return try Self.events(bytes)
    }
}

extension JSONView {
    /// A value by the names and places of its path, `output.0.type`.
    func at(_ path: String) -> JSONView? {
        var view: JSONView? = self
        for step in path.split(separator: ".") {
            if let place = Int(step) {
                view = view.map { Array($0.elements) }.flatMap { $0.indices.contains(place) ? $0[place] : nil }
            } else {
                view = view?.members.first { $0.name.string == String(step) }?.value
            }
        }
        return view
    }

    func text(_ path: String) -> String? { at(path)?.string }
}
