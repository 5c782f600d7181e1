/// The counts of the running traffic, by hour and subject, in memory.
///
/// Requests are counted as they end. The counts are taken out at intervals and added to the stored ones (``take()``),
/// so that the memory holds only the newest counts.
package struct AvailabilityBook: Sendable {
    /// An hour of a subject.
    package struct Key: Sendable, Hashable {
        /// Hours since 1970.
        package var hour: Int
        package var subject: Subject

        package init(hour: Int, subject: Subject) {
            self.hour = hour
            self.subject = subject
        }
    }

    /// Callers may name any model at some providers: beyond so many they are
    /// counted together.
    private static let mostSubjects = 4096
    package static let others = "(others)"

    private var counts: [Key: HourCounts] = [:]

    package init() {}

    /// - Parameter time: seconds since 1970.
    package mutating func add(_ request: CountedRequest, at time: Int) {
        request.count { subject, counter in add(subject, counter, at: time) }
    }

    package mutating func add(_ subject: Subject, _ counter: Counter, _ count: UInt32 = 1, at time: Int) {
        let time = max(0, time)
        var key = Key(hour: time / 3600, subject: subject)
        if counts.count >= Self.mostSubjects, counts[key] == nil {
            switch subject {
            case .route: key.subject = .route(Self.others)
            case .service: key.subject = .service(Self.others)
            }
        }
        counts[key, default: HourCounts()].add(counter, minute: time / 60 % 60, count)
    }

    /// Removes and returns everything that was counted since the last call.
    package mutating func take() -> [Key: HourCounts] {
        defer { counts = [:] }
        return counts
    }

    /// Puts back what couldn't be stored.
    package mutating func restore(_ taken: [Key: HourCounts]) {
        for (key, hour) in taken { counts[key, default: HourCounts()].add(hour) }
    }
}
