import Glibc
import Synchronization

/// A user that nothing else on this machine has, for one engine.
///
/// No account is made: a number is enough for the kernel. It lies where
/// neither people nor packages nor containers get theirs.
final class EngineUser: Sendable {
    let number: UInt32

    private static let taken = Mutex<Set<UInt32>>([])

    /// Nil where we are not root, or can't become anybody.
    init?() {
        guard geteuid() == 0, let range = Self.range else { return nil }
        let running = Self.running
        let free = Self.taken.withLock { taken in
            let free = range.first { !taken.contains($0) && !running.contains($0) && getpwuid($0) == nil }
            if let free { taken.insert(free) }
            return free
        }
        guard let free else { return nil }
        number = free
    }

    deinit {
        _ = Self.taken.withLock { $0.remove(number) }
    }

    /// Above systemd's ranges for containers; in a container that knows
    /// 65536 users only, among those that systemd gives to passing services.
    private static let ranges: [ClosedRange<UInt32>] = [1_900_000_000...1_900_004_095, 61184...65519]

    private static var range: ClosedRange<UInt32>? {
        guard let map = ProcessFile.text("self/uid_map") else { return nil }
        let known = map.split(separator: "\n").compactMap { line -> Range<UInt64>? in
            let numbers = line.split(separator: " ").compactMap { UInt64($0) }
            return numbers.count == 3 ? numbers[0]..<numbers[0] + numbers[2] : nil
        }
        return ranges.first { range in
            known.contains { $0.contains(UInt64(range.lowerBound)) && $0.contains(UInt64(range.upperBound)) }
        }
    }

    /// Users that some process has, such as an engine of another Holdfast.
    private static var running: Set<UInt32> {
        var users: Set<UInt32> = []
        for process in ProcessFile.processes {
            guard let status = ProcessFile.text("\(process)/status"),
                let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Uid:") })
            else { continue }
            users.formUnion(line.dropFirst(4).split(separator: "\t").compactMap { UInt32($0) })
        }
        return users
    }
}
