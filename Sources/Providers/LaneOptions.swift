package import NIOCore
package import NIOSSL

/// The address of a provider, the way to it, and the time limits of requests
/// there.
package struct LaneOptions: Sendable {
    package enum Endpoint: Sendable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    /// An HTTP proxy on the way (RFC 9110 §9.3.6 for TLS targets, absolute
    /// request targets otherwise).
    package struct Proxy: Sendable {
        package var host: String
        package var port: Int
        /// The `proxy-authorization` field, where the proxy wants one.
        package var authorization: String?

        package init(host: String, port: Int, authorization: String? = nil) {
            self.host = host
            self.port = port
            self.authorization = authorization
        }
    }

    package var endpoint: Endpoint
    /// Nil for plain HTTP.
    package var tls: TLSConfiguration?
    package var proxy: Proxy?
    /// The prefix of every request's path, e.g. `/v1`.
    package var basePath: String
    /// The `host` field.
    package var authority: String
    /// The proof that its requests may use the provider's account.
    package var signer = RequestSigner.none
    /// Fields of every request: the operator's own.
    package var fields: [(name: String, value: String)]
    /// Fields of requests that don't bring their own of that name.
    package var defaultFields: [(name: String, value: String)]

    /// For TCP, for a proxy's tunnel and for TLS, each.
    package var connectTimeout: TimeAmount = .seconds(5)
    /// From the request's last byte to the answer's first.
    package var firstByteTimeout: TimeAmount = .seconds(120)
    /// Between two pieces of an answer.
    package var idleTimeout: TimeAmount = .seconds(60)
    /// From beginning to end.
    package var totalTimeout: TimeAmount = .seconds(600)
    /// The time for which a connection may stay unused; shorter than what
    /// servers and load balancers commonly allow (60 s and more).
    package var keepAlive: TimeAmount = .seconds(45)
    /// Connections at a time, over all event loops.
    package var maxConnections = 4096
    /// Requests that may wait for a connection, over all event loops.
    package var maxWaiting = 1024

    /// Looks at a new connection before a byte goes out on it, and fails where
    /// nothing may; nil where whoever is there is asked.
    package var admit: (@Sendable (any Channel) -> EventLoopFuture<Void>)?

    package init(endpoint: Endpoint, authority: String, basePath: String = "") {
        self.endpoint = endpoint
        self.authority = authority
        self.basePath = basePath
        self.fields = []
        self.defaultFields = []
    }
}
