import Encodings
import Gateway
import Glibc
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOTLS

/// Opens connections: TCP or a Unix socket, through a proxy, with TLS.
struct Connector: Sendable {
    let options: LaneOptions
    let tls: NIOSSLContext?

    func connect(on eventLoop: any EventLoop, pool: ConnectionPool) -> EventLoopFuture<LaneConnection> {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(options.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        let plain = ClientBootstrap(group: eventLoop).connectTimeout(options.connectTimeout)
        let connected: EventLoopFuture<any Channel> =
            switch (options.endpoint, options.proxy) {
            case (.unix(let path), _): plain.connect(unixDomainSocketPath: path)
            case (.tcp, let proxy?): bootstrap.connect(host: proxy.host, port: proxy.port)
            case (.tcp(let host, let port), nil):
                // A bare address needs no resolver, and no race of what it finds.
                if let address = try? SocketAddress(ipAddress: host, port: port) {
                    bootstrap.connect(to: address)
                } else {
                    bootstrap.connect(host: host, port: port)
                }
            }
        return connected.flatMap { channel in
            admit(channel).flatMap { tunnel(channel) }.flatMapThrowing { try finish(channel, pool) }
                .flatMap { connection in secured(channel).map { connection } }
                .flatMapErrorThrowing { error in
                    channel.close(promise: nil)
                    throw error
                }
        }
    }

    private func admit(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard let admit = options.admit else { return channel.eventLoop.makeSucceededVoidFuture() }
        return admit(channel).flatMapErrorThrowing { throw LaneFailure.unreachable("\($0)") }
    }

    /// A CONNECT tunnel, where TLS goes through a proxy.
    private func tunnel(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard let proxy = options.proxy, tls != nil, case .tcp(let host, let port) = options.endpoint else {
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        let opened = channel.eventLoop.makePromise(of: Void.self)
        do {
            var fields = HTTPHeaders()
            if let authorization = proxy.authorization { fields.add(name: "proxy-authorization", value: authorization) }
            let encoder = HTTPRequestEncoder()
            let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes))
            let handler = NIOHTTP1ProxyConnectHandler(
                targetHost: host, targetPort: port, headers: fields, deadline: .now() + options.connectTimeout,
                promise: opened)
            let failures = TunnelFailures(opened)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandlers([encoder, decoder, handler, failures])
            let codec = NIOLoopBound((encoder, decoder, failures), eventLoop: channel.eventLoop)
            return opened.futureResult.flatMap {
                let pipeline = channel.pipeline.syncOperations
                return pipeline.removeHandler(codec.value.0).flatMap {
                    channel.pipeline.syncOperations.removeHandler(codec.value.1)
                }.flatMap {
                    channel.pipeline.syncOperations.removeHandler(codec.value.2)
                }
            }
        } catch {
            opened.fail(error)
            return opened.futureResult
        }
    }

    private func finish(_ channel: any Channel, _ pool: ConnectionPool) throws -> LaneConnection {
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            guard case .tcp(let host, _) = options.endpoint else { throw LaneFailure.unreachable("TLS needs a host") }
            // A bare address is no server name (RFC 6066 §3).
            let name = (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
            try pipeline.addHandler(HandshakeWaiter(channel.eventLoop.makePromise(), within: options.connectTimeout))
        }
        let connection = LaneConnection(pool: pool, options: options)
        try pipeline.addHandler(connection)
        return connection
    }

    private func secured(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard tls != nil else { return channel.eventLoop.makeSucceededVoidFuture() }
        do {
            return try channel.pipeline.syncOperations.handler(type: HandshakeWaiter.self).done.futureResult
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
    }

    /// Turns an error into a failure with a message that is useful to an
    /// operator.
    static func failure(_ error: any Error) -> LaneFailure {
        switch error {
        case let failure as LaneFailure: return failure
        case is ChannelError:
            if case .connectTimeout? = error as? ChannelError { return .connectTimeout }
            return .unreachable("the connection failed")
        case let error as NIOConnectionError:
            if error.dnsAError != nil || error.dnsAAAAError != nil, error.connectionErrors.isEmpty {
                // The resolver opens files and sockets, and doesn't say what it
                // lacked.
                if let what = Shortage.ofDescriptors() { return .ownShortage(what) }
                return .unreachable("the name \(error.host) can't be resolved")
            }
            guard let first = error.connectionErrors.first?.error else { return .unreachable("no connection") }
            return failure(first)
        case let error as IOError:
            if let what = Shortage.named(error.errnoCode) { return .ownShortage(what) }
            return .unreachable(reason(error))
        case is NIOSSLError: return .unreachable(tlsReason("\(error)"))
        case is NIOSSLExtraError: return .unreachable(tlsReason("\(error)"))
        case let error as NIOHTTP1ProxyConnectHandler.Error:
            // Its own text has all of the proxy's answer in it, which may
            // repeat what the proxy was sent.
            return .unreachable(
                error == .proxyAuthenticationRequired()
                    ? "the proxy opened no tunnel: it wants other credentials than `proxy` of the provider has"
                    : "the proxy opened no tunnel")
        default: return .unreachable("\(type(of: error))")
        }
    }

    /// BoringSSL's errors name its source files: nobody's business.
    private static func tlsReason(_ text: String) -> String {
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return "its certificate is not trusted here; `ca_file` of the provider names roots to trust"
        }
        if text.contains("PROTOCOL_VERSION") || text.contains("UNSUPPORTED_PROTOCOL") {
            return "it speaks no version of TLS that `tls.minimum` of the provider takes"
        }
        if text.contains("WRONG_VERSION_NUMBER") { return "it does not speak TLS on that port" }
        if text.contains("unableToValidateCertificate") || text.contains("Hostname") {
            return "its certificate is for another name"
        }
        return "the TLS handshake failed"
    }

    private static func reason(_ error: IOError) -> String {
        switch error.errnoCode {
        case ECONNREFUSED: "the connection was refused"
        case ENOENT: "its socket is not there"
        case EHOSTUNREACH, ENETUNREACH: "there is no route to it"
        case ECONNRESET: "the connection was reset"
        default: "error \(error.errnoCode) while connecting"
        }
    }
}

/// The end of a tunnel whose proxy answers something that is no HTTP: NIO's
/// own handler waits for the time limit then.
private final class TunnelFailures: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    private let opened: EventLoopPromise<Void>

    init(_ opened: EventLoopPromise<Void>) { self.opened = opened }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // One that was told already stays as it was told.
        opened.fail(LaneFailure.unreachable("the proxy opened no tunnel: its answer is no HTTP"))
        context.fireErrorCaught(error)
    }
}

/// Tells when TLS stands.
private final class HandshakeWaiter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    let done: EventLoopPromise<Void>
    private let limit: TimeAmount
    private var timer: Scheduled<Void>?

    init(_ done: EventLoopPromise<Void>, within limit: TimeAmount) {
        self.done = done
        self.limit = limit
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let done = done
        timer = context.eventLoop.scheduleTask(in: limit) { done.fail(LaneFailure.connectTimeout) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end(.failure(LaneFailure.unreachable("TLS never stood"))) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            end(.success(()))
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.failure(Self.outOfDate(context, now: time(nil)) ?? error))
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.failure(LaneFailure.unreachable("it closed the connection during the TLS handshake")))
        context.fireChannelInactive()
    }

    /// That a certificate's time is over, or hasn't come, is nothing that other
    /// roots would mend. BoringSSL doesn't say it.
    private static func outOfDate(_ context: ChannelHandlerContext, now: time_t) -> LaneFailure? {
        guard let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate() else { return nil }
        if certificate.notValidAfter < now {
            return .unreachable(
                "its certificate expired at \(Timestamp.text(seconds: certificate.notValidAfter)); whoever runs it has to "
                    + "renew it")
        }
        guard certificate.notValidBefore > now else { return nil }
        return .unreachable(
            "its certificate is not valid before \(Timestamp.text(seconds: certificate.notValidBefore)), and this "
                + "machine's clock says \(Timestamp.text(seconds: now))")
    }

    private func end(_ result: Result<Void, any Error>) {
        timer?.cancel()
        done.completeWith(result)
    }
}
