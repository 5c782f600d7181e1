package import NIOCore
import NIOSSL

/// The other end of a connection, as far as a decision depends on it. Looked at
/// on the connection's event loop, and only by requests that need to know.
package struct ConnectionPeer: Sendable {
    private let channel: any Channel

    init(_ channel: any Channel) { self.channel = channel }

    /// True where nobody on the way can change a byte: the connection is
    /// secured, or both of its ends are this machine.
    var isTrusted: Bool {
        address.isLoopback
            || (try? channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)) != nil
    }

    var address: PeerAddress { PeerAddress(channel.remoteAddress) }
}

/// The address of a caller, as it is counted: an IPv4 address, or the 64 bits of
/// an IPv6 network, whose addresses are one caller's to choose.
package struct PeerAddress: Sendable, Hashable {
    private let family: UInt8
    private let bits: UInt64
    package let isLoopback: Bool

    package init(_ address: SocketAddress?) {
        // As bytes (ip(7), ipv6(7)): the members of `sockaddr_in` belong to a
        // module of NIO's own.
        switch address {
        case .v4(let address)?:
            self.init(v4: withUnsafeBytes(of: address.address) { $0.number(at: 4) })
        case .v6(let address)?:
            let network: UInt64 = withUnsafeBytes(of: address.address) { $0.number(at: 8) }
            let host: UInt64 = withUnsafeBytes(of: address.address) { $0.number(at: 16) }
            // ::ffff:0:0/96 is IPv4 (RFC 4291 §2.5.5.2).
            if network == 0, host >> 32 == 0xFFFF {
                self.init(v4: UInt32(truncatingIfNeeded: host))
            } else {
                self.init(family: 6, bits: network, isLoopback: network == 0 && host == 1)
            }
        case .unixDomainSocket?: self.init(family: 1, bits: 0, isLoopback: true)
        case nil: self.init(family: 0, bits: 0, isLoopback: false)
        }
    }

    private init(v4 address: UInt32) {
        self.init(family: 4, bits: UInt64(address), isLoopback: address >> 24 == 127)
    }

    private init(family: UInt8, bits: UInt64, isLoopback: Bool) {
        self.family = family
        self.bits = bits
        self.isLoopback = isLoopback
    }
}

extension UnsafeRawBufferPointer {
    /// A number in the order of the network.
    fileprivate func number<Number: FixedWidthInteger>(at offset: Int) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
