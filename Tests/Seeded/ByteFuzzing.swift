import Foundation

/// Fuzzes a parser of bytes for a while, from a seed that it prints.
///
/// - `HOLDFAST_FUZZ_SECONDS`: the time for all fuzzing of a test run together; 10 by default.
/// - `HOLDFAST_FUZZ_SEED`: the seed; a new one by default.
package struct ByteFuzzing {
    /// A fault that was found, with everything that is needed to reproduce it.
    package struct Fault: Error, CustomStringConvertible {
        package var description: String

        package init(description: String) { self.description = description }
    }

    private static let seconds = Double(ProcessInfo.processInfo.environment["HOLDFAST_FUZZ_SECONDS"] ?? "") ?? 10
    /// The most processor time that one input may take, in seconds: unlike the
    /// time on a clock, it doesn't grow with the load of the machine.
    private static let effort = 5.0
    /// The most memory that all inputs together may add to the process.
    private static let memory = 256 << 20

    private let name: String
    private let samples: [[UInt8]]
    private let seed: UInt64

    /// - Parameter samples: bytes that the parser takes.
    package init(_ name: String, from samples: [[UInt8]]) {
        self.name = name
        self.samples = samples
        seed = ProcessInfo.processInfo.environment["HOLDFAST_FUZZ_SEED"].flatMap(UInt64.init) ?? .random(in: 0 ... .max)
    }

    /// - Parameters:
    ///   - share: of the seconds.
    ///   - judge: throws where the parser did what it must not do.
    /// - Throws: ``Fault`` for the first input that was judged so, took too
    ///   long, or by which the process has grown too large.
    package func run(share: Double, _ judge: ([UInt8]) async throws -> Void) async throws {
        var chance = SplitMix(seed: name.utf8.reduce(seed) { $0 &* 31 &+ UInt64($1) })
        let clock = ContinuousClock()
        let end = clock.now + .seconds(Self.seconds * share)
        let before = Self.peak
        var count = 0
        repeat {
            let bytes = mutated(&chance)
            let start = Self.processorSeconds
            do { try await judge(bytes) } catch { throw fault("\(error)", count, bytes) }
            let spent = Self.processorSeconds - start
            guard spent < Self.effort else { throw fault("it took \(spent) s of a processor", count, bytes) }
            count += 1
        } while clock.now < end
        let grown = Self.peak - before
        guard grown < Self.memory else { throw Fault(description: "\(name): \(grown >> 20) MiB more, seed \(seed)") }
        print("\(name): \(count) inputs, \(grown >> 20) MiB; again: HOLDFAST_FUZZ_SEED=\(seed)")
    }

    private func fault(_ what: String, _ count: Int, _ bytes: [UInt8]) -> Fault {
        Fault(
            description: "\(name), input \(count), seed \(seed): \(what)\n\(Data(bytes).base64EncodedString())")
    }

    /// Numbers at which sums and products overflow.
    private static let extremes: [UInt64] = [
        0, 1, 0x7F, 0xFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 32, 1 << 61, 1 << 63, .max, .max - 7, UInt64(Int64.max),
    ]

    private func mutated(_ chance: inout SplitMix) -> [UInt8] {
        var bytes = samples.randomElement(using: &chance) ?? []
        for _ in 0..<Int.random(in: 1...6, using: &chance) {
            guard let place = bytes.indices.randomElement(using: &chance) else { return bytes }
            let end = min(bytes.count, place + Int.random(in: 1...64, using: &chance))
            switch Int.random(in: 0...7, using: &chance) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &chance)
            case 1: bytes[place] = .random(in: 0...255, using: &chance)
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 4:
                let other = samples.randomElement(using: &chance) ?? []
                let from = Int.random(in: 0...other.count, using: &chance)
                bytes.replaceSubrange(place..<end, with: other[from..<min(other.count, from + end - place)])
            case 5:
                let number = Self.extremes.randomElement(using: &chance) ?? 0
                let width = [1, 2, 4, 8].randomElement(using: &chance) ?? 8
                for index in 0..<width where place + index < bytes.count {
                    bytes[place + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
                }
            case 6: bytes.removeSubrange(place...)
            default:
                bytes.insert(contentsOf: (place..<end).map { _ in .random(in: 0...255, using: &chance) }, at: place)
            }
        }
        return bytes
    }

    /// The processor time that this process has used.
    package static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The peak of this process's memory, in bytes.
    private static var peak: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line.flatMap { Int($0.filter(\.isNumber)) } ?? 0) << 10
    }
}
