/// The agreement of the wall clock with the boot clock since a process started.
///
/// A wall clock that was set, forward or back, must end no suspension. Once the
/// two clocks have differed, they are not believed again until the process
/// starts anew.
package struct ClockAgreement: Sendable, Hashable {
    /// The most by which they may differ, in seconds.
    package static let most = 300

    private let start: VetoTime
    /// True while they have never differed by more than ``most``.
    package private(set) var holds = true

    package init(start: VetoTime) { self.start = start }

    /// Compares the clocks once more.
    package mutating func observe(_ now: VetoTime) {
        guard now.boot >= start.boot else {
            holds = false
            return
        }
        let booted = Int((now.boot - start.boot) / 1_000_000_000)
        let (walled, overflow) = now.wall.subtractingReportingOverflow(start.wall)
        guard !overflow else {
            holds = false
            return
        }
        let (apart, far) = walled.subtractingReportingOverflow(booted)
        if far || apart > Self.most || apart < -Self.most { holds = false }
    }
}
