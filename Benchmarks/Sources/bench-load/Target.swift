internal import ArgumentParser
internal import BenchWire
internal import FoundationEssentials
internal import NIOCore

extension Dialect: ExpressibleByArgument {}

/// The request to send and its destination: the options that all measurements share.
struct Target: ParsableArguments {
    @Option(help: "Port on 127.0.0.1 to send to.")
    var port: Int

    @Option(help: "Dialect of the request and its answer: openai or anthropic.")
    var dialect = Dialect.openai

    @Option(help: "Path; by default the dialect's own.")
    var path: String?

    @Option(help: "Method.")
    var method = "POST"

    @Option(help: "File with the body.")
    var bodyFile: String?

    @Option(name: .customLong("header"), help: "A header line, 'name: value'. May be repeated.")
    var headers: [String] = []

    /// The bytes of one request.
    func request() throws -> ByteBuffer {
        var body = Data()
        if let bodyFile = self.bodyFile { body = try Data(contentsOf: URL(filePath: bodyFile)) }
        var head = "\(self.method) \(self.path ?? self.dialect.path) HTTP/1.1\r\nhost: 127.0.0.1:\(self.port)\r\n"
        head += "content-type: application/json\r\ncontent-length: \(body.count)\r\n"
        for header in self.headers { head += header + "\r\n" }
        var buffer = ByteBuffer(string: head + "\r\n")
        buffer.writeBytes(body)
        return buffer
    }
}
