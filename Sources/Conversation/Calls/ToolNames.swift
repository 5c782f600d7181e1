import Crypto
import Encodings

/// The names of a request's tools, as an API takes them.
///
/// APIs take letters, digits, `_` and `-` up to a length, and differ in the
/// length. A name of another form is sent as its beginning and a hash, and the
/// answer's calls get the caller's name back.
package struct ToolNames: Sendable {
    private let longest: Int
    /// The caller's name of each sent one; of changed ones only.
    private var said: [String: String] = [:]

    /// - Parameter longest: in bytes.
    package init(_ request: ChatRequest, longest: Int) {
        self.longest = longest
        for tool in request.tools where !takes(tool.name) { said[write(tool.name)] = tool.name }
    }

    package func write(_ name: String) -> String {
        guard !takes(name), !name.isEmpty else { return name }
        let hash = Hex.encode(SHA256.hash(data: Array(name.utf8)).prefix(5))
        let kept = name.utf8.prefix(longest - hash.utf8.count - 1).map { Self.isAllowed($0) ? $0 : UInt8(ascii: "_") }
        return String(decoding: kept, as: UTF8.self) + "_" + hash
    }

    package func read(_ name: String) -> String { said[name] ?? name }

    private func takes(_ name: String) -> Bool { name.utf8.count <= longest && name.utf8.allSatisfy(Self.isAllowed) }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }

    /// The request with the names that are sent.
    package func written(_ request: ChatRequest) -> ChatRequest {
        var request = request
        for index in request.tools.indices { request.tools[index].name = write(request.tools[index].name) }
        if case .tool(let name) = request.toolChoice { request.toolChoice = .tool(write(name)) }
        for index in request.messages.indices {
            for place in request.messages[index].content.indices {
                guard case .toolCall(var call) = request.messages[index].content[place], !takes(call.name) else {
                    continue
                }
                call.name = write(call.name)
                request.messages[index].content[place] = .toolCall(call)
            }
        }
        return request
    }
}
