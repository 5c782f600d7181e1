import NIOCore
import NIOHTTP1

/// One connection to a ``ScriptedUpstream``.
// Touched on its event loop only.
final class ScriptedHandler: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let requests: Watched<[ScriptedUpstream.Received]>
    private let connections: Watched<[ScriptedUpstream.Connection]>
    private let behaviour: Watched<Behaviour>
    private var number = 0
    private var isClosing = false
    private var isEndless = false
    private var current: ScriptedUpstream.Received?
    private var context: ChannelHandlerContext?

    init(
        requests: Watched<[ScriptedUpstream.Received]>, connections: Watched<[ScriptedUpstream.Connection]>,
        behaviour: Watched<Behaviour>
    ) {
        self.requests = requests
        self.connections = connections
        self.behaviour = behaviour
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        number = connections.change { connections in
            connections.append(.init(openedAt: .now))
            return connections.count - 1
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        connections.change { [number, isClosing] in
            $0[number].closedAt = .now
            $0[number].closedByPeer = !isClosing
        }
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            current = .init(
                connection: number, method: head.method.rawValue, uri: head.uri,
                headers: head.headers.map { ($0.name, $0.value) }, body: ByteBuffer())
        case .body(let bytes): current?.body.writeImmutableBuffer(bytes)
        case .end:
            guard let request = current else { return }
            let count = requests.change { requests in
                requests.append(request)
                return requests.count - 1
            }
            var script = behaviour.value
            while case .attemptBased(let choose) = script { script = choose(count) }
            perform(script)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { pour() }
        context.fireChannelWritabilityChanged()
    }

    private func perform(_ script: Behaviour) {
        if case .neverEnds = script {
            isEndless = true
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            context?.writeAndFlush(wrapOutboundOut(ByteBuffer(string: head)), promise: nil)
            return pour()
        }
        send(script.pieces[...], pause: script.pause, thenClose: script.closesAfterwards)
    }

    private func send(_ pieces: ArraySlice<ByteBuffer>, pause: TimeAmount?, thenClose: Bool) {
        guard let context else { return }
        guard let first = pieces.first else {
            if thenClose {
                isClosing = true
                context.close(promise: nil)
            }
            return
        }
        context.writeAndFlush(wrapOutboundOut(first), promise: nil)
        guard let pause, pieces.count > 1 else {
            return send(pieces.dropFirst(), pause: pause, thenClose: thenClose)
        }
        context.eventLoop.assumeIsolated().scheduleTask(in: pause) { [self] in
            send(pieces.dropFirst(), pause: pause, thenClose: thenClose)
        }
    }

    /// Writes for as long as the socket takes it.
    private func pour() {
        guard isEndless, let context else { return }
        let event = ": " + String(repeating: "x", count: 8187) + "\n\n"
        let chunk = ByteBuffer(string: "\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n")
        while context.channel.isActive, context.channel.isWritable {
            let written = context.eventLoop.makePromise(of: Void.self)
            let connections = connections
            let number = number
            written.futureResult.whenSuccess {
                connections.change { $0[number].bytesTaken += chunk.readableBytes }
            }
            context.writeAndFlush(wrapOutboundOut(chunk), promise: written)
        }
    }
}
