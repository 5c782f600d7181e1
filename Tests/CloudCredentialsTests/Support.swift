import CloudCredentials
import Files
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// A folder that is gone when the test is.
final class TestFolder {
    let path = "\(NSTemporaryDirectory())cloud-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws -> String {
        let file = "\(path)/\(name)"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }
}

/// An endpoint on the loopback that answers whatever the test says.
final class FakeEndpoint: Sendable {
    struct Asked: Sendable {
        var method: String
        var path: String
        var headers: HTTPHeaders
        var body: String
    }

    private let channel: any Channel

    /// - Parameter answer: The status and the body.
    init(_ answer: @escaping @Sendable (Asked) -> (Int, String)) async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMap {
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Answering(answer))
                    }
                }
            }.bind(host: "127.0.0.1", port: 0).get()
    }

    var address: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    func close() async throws { try await channel.close() }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let answer: @Sendable (Asked) -> (Int, String)
        private var head: HTTPRequestHead?
        private var body = ""

        init(_ answer: @escaping @Sendable (Asked) -> (Int, String)) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, "")
            case .body(let bytes): body += String(buffer: bytes)
            case .end:
                guard let head else { return }
                let (status, text) = answer(
                    Asked(method: head.method.rawValue, path: head.uri, headers: head.headers, body: body))
                let headers = HTTPHeaders([
                    ("content-length", "\(text.utf8.count)"), ("location", "http://127.0.0.1:1/elsewhere"),
                ])
                context.write(
                    wrapOutboundOut(
                        .head(
                            HTTPResponseHead(
                                version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers))),
                    promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}

/// The words of a problem; nil where there is none.
func problem<T>(_ work: () throws(CredentialProblem) -> T) -> String? {
    do throws(CredentialProblem) {
        _ = try work()
        return nil
    } catch {
        return error.description
    }
}

func problem<T: Sendable>(_ work: () async throws(CredentialProblem) -> T) async -> String? {
    do throws(CredentialProblem) {
        _ = try await work()
        return nil
    } catch {
        return error.description
    }
}
