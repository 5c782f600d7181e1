package import Veto

/// The source of the suspensions that are in force, outside of the gateway.
package protocol SuspensionSource: Sendable {
    /// Returns the suspensions that are in force, those included that were
    /// ordered since the last call, by whatever way.
    ///
    /// Called in line once a permit has ended, on event loops, too: it may look
    /// at files in memory-backed or local folders, and waits for nothing else.
    /// One call at a time; it may not call the ``PermitBook``.
    /// - Parameter known: the index that the caller has; returned as it is
    ///   where nothing has changed.
    func renew(_ known: SuspensionIndex) -> SuspensionIndex
    /// Takes note of an event for the record; called on event loops, and waits
    /// for nothing.
    func note(_ event: PermitEvent)
}

/// A permit of one candidate: the state in which it may be asked.
///
/// Ticks are nanoseconds of CLOCK_BOOTTIME.
package enum PermitEvent: Sendable, Hashable {
    /// The candidate was allowed for the first time since the start, or since
    /// its last denial.
    case granted(candidate: String, tick: UInt64)
    /// From that tick on nothing of it is allowed. One that was suspended
    /// before it was ever asked is on record when it is refused first.
    /// - Parameter lastAllowed: the last tick at which something was allowed;
    ///   0 where nothing was since the start.
    case denied(candidate: String, suspension: String, tick: UInt64, lastAllowed: UInt64)
    /// The last exchange with a denied candidate is over.
    /// - Parameter lastByte: the tick at which the last byte of it was handed
    ///   to the kernel for a caller; nil where none was after the denial.
    case ended(candidate: String, suspension: String, tick: UInt64, lastByte: UInt64?)
    /// The gate of a suspension has asked the candidate for a token, and got
    /// one or not. The tick is that of its permission.
    case askedByGate(candidate: String, suspension: String, tick: UInt64, answered: Bool)
}
