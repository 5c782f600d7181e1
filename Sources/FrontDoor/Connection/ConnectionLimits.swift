package import NIOCore

/// The limits of one caller's connection.
package struct ConnectionLimits: Sendable {
    /// The largest body, in bytes.
    package var body = 32 << 20
    /// All bodies together, in bytes.
    package var bodies = 512 << 20
    /// The most bytes that are still read of a body that has been refused.
    package var swallow = 128 << 20
    package var swallowTimeout = TimeAmount.seconds(10)
    /// For a head to arrive whole, from its first byte (the first one's from
    /// the connecting); and how long a body is watched before it is judged by
    /// ``minimumRate``.
    package var requestTimeout = TimeAmount.seconds(30)
    /// Bytes a second that a body must bring, and that a caller must take
    /// where answers that wait take too much memory.
    package var minimumRate = 1 << 10
    /// Between two requests.
    package var idleTimeout = TimeAmount.seconds(120)
    /// The longest time that a caller may read nothing while there is something
    /// to read.
    package var writeTimeout = TimeAmount.seconds(120)
    /// Header fields together, in bytes.
    package var header = 32 << 10
    package var headerCount = 200

    /// The time between two checks of a connection's deadline.
    package var tick = TimeAmount.seconds(5)

    package init() {}

    /// The fewest bytes that a body must have brought within
    /// ``requestTimeout``.
    var fewestBodyBytes: Int { Int(Double(requestTimeout.nanoseconds) / 1e9 * Double(minimumRate)) }
}
