import CoreMetrics
import GatewayTesting
import NIOCore
import Telemetry
import Testing

@Suite struct PrometheusTests {
    private func text(_ registry: PrometheusRegistry) -> String { String(buffer: registry.render()) }

    @Test func countersGaugesAndLevels() {
        let registry = PrometheusRegistry()
        let counter = registry.makeCounter(label: "c_total", dimensions: [("a", "b"), ("c", "d")])
        counter.increment(by: 3)
        counter.increment(by: 4)
        let meter = registry.makeMeter(label: "g", dimensions: [])
        meter.increment(by: 2)
        meter.decrement(by: 0.5)
        registry.makeRecorder(label: "r", dimensions: [], aggregate: false).record(Int64(7))
        registry.addGauge("now") { 41.5 }
        #expect(
            text(registry)
                == """
                # TYPE c_total counter
                c_total{a="b",c="d"} 7
                # TYPE g gauge
                g 1.5
                # TYPE r gauge
                r 7
                # TYPE now gauge
                now 41.5

                """)
    }

    @Test(arguments: [
        ("plain", "plain"), ("a\"b", "a\\\"b"), ("a\\b", "a\\\\b"), ("a\nb", "a\\nb"), ("a\r\nb", "a\r\\nb"),
        ("\\n", "\\\\n"),
        ("é 🌍 {}=,", "é 🌍 {}=,"), ("", ""),
    ])
    func labelsAreEscaped(_ value: String, _ escaped: String) {
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "c", dimensions: [("l", value)]).increment(by: 1)
        #expect(text(registry) == "# TYPE c counter\nc{l=\"\(escaped)\"} 1\n")
    }

    @Test func aHistogramIsCumulative() {
        let registry = PrometheusRegistry()
        let histogram = registry.makeRecorder(label: "h", dimensions: [("l", "x")], aggregate: true)
        // On a bound counts as below it.
        for value in [0.0005, 0.001, 0.0011, 0.25, 299.9, 300.1, 1e12] { histogram.record(value) }
        let lines = text(registry).split(separator: "\n").map(String.init)
        #expect(lines.first == "# TYPE h histogram")
        var counts: [Int] = []
        for line in lines where line.hasPrefix("h_bucket") { counts.append(Int(line.split(separator: " ")[1])!) }
        #expect(counts == counts.sorted())
        #expect(lines.contains(#"h_bucket{l="x",le="0.001"} 2"#))
        #expect(lines.contains(#"h_bucket{l="x",le="0.0025"} 3"#))
        #expect(lines.contains(#"h_bucket{l="x",le="0.25"} 4"#))
        #expect(lines.contains(#"h_bucket{l="x",le="300"} 5"#))
        #expect(lines.contains(#"h_bucket{l="x",le="+Inf"} 7"#))
        #expect(lines.contains(#"h_count{l="x"} 7"#))
        #expect(lines.contains { $0.hasPrefix(#"h_sum{l="x"} "#) })
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, -5, .greatestFiniteMagnitude, .leastNonzeroMagnitude])
    func oddNumbersDoNoHarm(_ value: Double) {
        let registry = PrometheusRegistry()
        for _ in 0..<3 {
            registry.makeRecorder(label: "h", dimensions: [], aggregate: true).record(value)
            registry.makeRecorder(label: "g", dimensions: [], aggregate: false).record(value)
        }
        registry.makeTimer(label: "t", dimensions: []).recordNanoseconds(.max)
        #expect(text(registry).contains("h_count 3\n"))
    }

    @Test func whatWasCountedSurvivesNewSettings() {
        let registry = PrometheusRegistry()
        for _ in 0..<3 {
            let counter = registry.makeCounter(label: "c", dimensions: [("l", "x")])
            counter.increment(by: 1)
            registry.destroyCounter(counter)
            registry.makeRecorder(label: "h", dimensions: [], aggregate: true).record(1.0)
            registry.makeMeter(label: "g", dimensions: []).increment(by: 1)
        }
        #expect(text(registry).contains("c{l=\"x\"} 3\n"))
        #expect(text(registry).contains("h_count 3\n"))
        #expect(text(registry).contains("g 3\n"))
        #expect(text(registry).split(separator: "\n").count { $0.hasPrefix("# TYPE") } == 3)
    }

    @Test func manyThreadsCountRight() async {
        let registry = PrometheusRegistry()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let meter = registry.makeMeter(label: "g", dimensions: [])
                    for _ in 0..<2000 {
                        registry.makeCounter(label: "c", dimensions: [("l", String(number % 2))]).increment(by: 1)
                        meter.increment(by: 1)
                        meter.decrement(by: 1)
                        registry.makeRecorder(label: "h", dimensions: [], aggregate: true).record(0.5)
                    }
                    _ = registry.render()
                }
            }
        }
        let text = text(registry)
        #expect(text.contains("c{l=\"0\"} 8000\n") && text.contains("c{l=\"1\"} 8000\n"))
        #expect(text.contains("g 0\n") && text.contains("h_count 16000\n"))
    }
}
