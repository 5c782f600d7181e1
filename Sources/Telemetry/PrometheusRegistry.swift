import Atomics
package import CoreMetrics
package import NIOCore
import Synchronization

/// swift-metrics' backend: every meter in memory, written out as Prometheus
/// text (exposition format 0.0.4).
///
/// Adding to a meter is one or two atomic operations; a lock is taken only
/// when a meter is made or all are read.
package final class PrometheusRegistry: MetricsFactory {
    private struct Key: Hashable {
        var name: String
        var labels: [String]
    }

    private struct Family {
        var kind: String
        var series: [(labels: String, cell: any MetricCell)] = []
        var known: [String: Int] = [:]
    }

    private struct State {
        var families: [String: Family] = [:]
        var gauges: [(name: String, read: @Sendable () -> [Sample])] = []
    }

    /// A gauge's value under some labels.
    package struct Sample: Sendable {
        var labels: [(String, String)]
        var value: Double

        package init(_ labels: [(String, String)], _ value: Double) {
            self.labels = labels
            self.value = value
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Adds a gauge whose value is read when the metrics are requested.
    package func addGauge(_ name: String, _ read: @escaping @Sendable () -> Double) {
        addGauges(name) { [Sample([], read())] }
    }

    /// A gauge with labels that come and go.
    package func addGauges(_ name: String, _ read: @escaping @Sendable () -> [Sample]) {
        state.withLock { $0.gauges.append((name, read)) }
    }

    private func cell<Cell: MetricCell>(
        _ label: String, _ dimensions: [(String, String)], _ kind: String, _ make: () -> Cell
    ) -> Cell {
        let labels = Self.text(dimensions)
        return state.withLock { state in
            var family = state.families[label] ?? Family(kind: kind)
            // Settings that are read anew go on counting where they stood.
            if let index = family.known[labels], let cell = family.series[index].cell as? Cell { return cell }
            let cell = make()
            family.known[labels] = family.series.count
            family.series.append((labels, cell))
            state.families[label] = family
            return cell
        }
    }

    private static func text(_ labels: [(String, String)]) -> String {
        labels.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",")
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        // Scalars: CR and LF together are one character.
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    // MARK: MetricsFactory

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        cell(label, dimensions, "counter") { CounterCell() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        cell(label, dimensions, "gauge") { GaugeCell() }
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate
            ? cell(label, dimensions, "histogram") { HistogramCell() }
            : cell(label, dimensions, "gauge") { GaugeCell() }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        cell(label, dimensions, "histogram") { HistogramCell() }
    }

    // Meters live as long as the process: what was counted stays counted.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    // MARK: Reading

    package func render() -> ByteBuffer {
        let (families, gauges) = state.withLock { ($0.families, $0.gauges) }
        var buffer = ByteBuffer()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            Self.writeHead(name, family.kind, to: &buffer)
            for series in family.series { series.cell.write(name, series.labels, to: &buffer) }
        }
        for gauge in gauges {
            Self.writeHead(gauge.name, "gauge", to: &buffer)
            for sample in gauge.read() {
                let labels = sample.labels.isEmpty ? "" : "{\(Self.text(sample.labels))}"
                buffer.writeString("\(gauge.name)\(labels) \(PrometheusText.number(sample.value))\n")
            }
        }
        return buffer
    }

    private static func writeHead(_ name: String, _ kind: String, to buffer: inout ByteBuffer) {
        if let help = MetricHelp.text(name) { buffer.writeString("# HELP \(name) \(help)\n") }
        buffer.writeString("# TYPE \(name) \(kind)\n")
    }
}
