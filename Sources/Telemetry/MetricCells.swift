import Atomics
import CoreMetrics
import NIOCore

/// A meter's memory.
protocol MetricCell: Sendable {
    func write(_ name: String, _ labels: String, to buffer: inout ByteBuffer)
}

enum PrometheusText {
    static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    }

    static func series(_ name: String, _ labels: String, _ value: String, to buffer: inout ByteBuffer) {
        buffer.writeString(labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n")
    }
}

final class CounterCell: CounterHandler, MetricCell {
    private let value = ManagedAtomic<Int64>(0)

    func increment(by amount: Int64) { value.wrappingIncrement(by: amount, ordering: .relaxed) }
    func reset() { value.store(0, ordering: .relaxed) }

    func write(_ name: String, _ labels: String, to buffer: inout ByteBuffer) {
        PrometheusText.series(name, labels, String(value.load(ordering: .relaxed)), to: &buffer)
    }
}

/// A level: set, or moved up and down.
final class GaugeCell: MeterHandler, RecorderHandler, MetricCell {
    /// The bits of a Double.
    private let bits = ManagedAtomic<UInt64>(0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func increment(by amount: Double) { move(amount) }
    func decrement(by amount: Double) { move(-amount) }

    private func move(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (done, current) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if done { return }
            old = current
        }
    }

    func write(_ name: String, _ labels: String, to buffer: inout ByteBuffer) {
        let value = Double(bitPattern: bits.load(ordering: .relaxed))
        PrometheusText.series(name, labels, PrometheusText.number(value), to: &buffer)
    }
}

/// A distribution of seconds.
final class HistogramCell: RecorderHandler, TimerHandler, MetricCell {
    /// Upper bounds in seconds: from a gateway's own cost to a long answer.
    static let bounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
    ]

    private let buckets = (0...bounds.count).map { _ in ManagedAtomic<Int64>(0) }
    /// In nanoseconds: exact, and one addition.
    private let sum = ManagedAtomic<Int64>(0)

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        var index = 0
        while index < Self.bounds.count, value > Self.bounds[index] { index += 1 }
        buckets[index].wrappingIncrement(ordering: .relaxed)
        sum.wrappingIncrement(by: Int64(max(0, min(value, 9e9)) * 1e9), ordering: .relaxed)
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func write(_ name: String, _ labels: String, to buffer: inout ByteBuffer) {
        var total: Int64 = 0
        let prefix = labels.isEmpty ? "" : labels + ","
        for (index, bucket) in buckets.enumerated() {
            total += bucket.load(ordering: .relaxed)
            let bound = index < Self.bounds.count ? PrometheusText.number(Self.bounds[index]) : "+Inf"
            PrometheusText.series("\(name)_bucket", "\(prefix)le=\"\(bound)\"", String(total), to: &buffer)
        }
        let seconds = Double(sum.load(ordering: .relaxed)) / 1e9
        PrometheusText.series("\(name)_sum", labels, PrometheusText.number(seconds), to: &buffer)
        PrometheusText.series("\(name)_count", labels, String(total), to: &buffer)
    }
}
