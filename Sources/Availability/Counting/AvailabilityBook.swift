/// Counts while traffic goes on. What it has counted is taken out now and
/// then, and added to what is stored.
package struct AvailabilityBook: Sendable {
    /// An hour of a subject.
    package struct Key: Sendable, Hashable {
        /// Since 1970.
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
    package mutating func add(_ request: SettledRequest, at time: Int) {
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

    /// What was counted since it was taken last.
    package mutating func take() -> [Key: HourCounts] {
        defer { counts = [:] }
        return counts
    }

    /// Puts back what couldn't be stored.
    package mutating func restore(_ taken: [Key: HourCounts]) {
        for (key, hour) in taken { counts[key, default: HourCounts()].add(hour) }
    }
}
