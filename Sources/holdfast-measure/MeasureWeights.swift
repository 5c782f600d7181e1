import Encodings
import ArgumentParser
import Availability
import Custody
import Files
import FoundationEssentials
import NIOCore
import Wire

/// `holdfast-measure weights`
struct MeasureWeights: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weights", abstract: "Measure what it takes to bring weights into sealed memory.",
        discussion: """
            Opens, copies, seals, hashes and checks the file as a start of its engine does, and \
            sets that against hashing the same bytes twice in memory. Each run loads twice and shows \
            the second time, for which the machine has the memory ready. Needs as much free memory \
            as the file is long; with --synthetic, and its file isn't kept, as much room on the disk.

            Example: holdfast-measure weights model.gguf
            Example: holdfast-measure weights --synthetic 4GB
            """)

    @Argument(help: "A GGUF file.", completion: .file()) var file: String?
    @Option(help: "Make a file of this size instead, such as 512MB.") var synthetic: ByteCount?
    @Option(help: "Where to make it.", completion: .directory) var folder: String?
    @Option(help: "How often; the middle one is shown.") var runs = 3
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard (file == nil) != (synthetic == nil) else { throw ValidationError("Give a file, or --synthetic SIZE.") }
        guard (1...1000).contains(runs) else { throw ValidationError("--runs is from 1 to 1000.") }
    }

    func run() throws {
        do throws(CustodyProblem) {
            let all = try measurements().sorted { $0.times.total < $1.times.total }
            json ? print(render(all)) : show(all[all.count / 2])
        } catch {
            complain("\(error)")
            throw error.kind == .missing ? ExitCode.noInput : .dataError
        }
    }

    private func measurements() throws(CustodyProblem) -> [LoadMeasurement] {
        var path = file.map { Folder.absolute($0) } ?? ""
        if let synthetic {
            let folder = folder ?? ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
            path = "\(folder)/holdfast-\(UUID().uuidString).gguf"
            try SyntheticModel(size: synthetic.bytes).write(to: path)
        }
        defer { if synthetic != nil { try? Folder.removeAll(path) } }
        var all: [LoadMeasurement] = []
        for _ in 0..<runs { all.append(try LoadMeasurement.of(path)) }
        return all
    }

    private func show(_ one: LoadMeasurement) {
        func seconds(_ duration: Duration) -> String { "\(Figures.decimals(duration / .seconds(1), 3)) s" }
        let rows = [
            ("size", "\(one.size) bytes"),
            ("open, copy and hash", seconds(one.times.copying)), ("seal", seconds(one.times.sealing)),
            ("hash what is sealed", seconds(one.times.hashing)), ("check its form", seconds(one.times.checking)),
            ("together", seconds(one.times.total)),
            ("the time before", seconds(one.first)),
            ("two passes in memory", seconds(one.twoPasses)),
            ("ratio", Figures.decimals(one.ratio, 3)),
            ("memory at most", "\(one.peak >> 20) MiB, \(one.peakBefore >> 20) MiB before"),
        ]
        let width = rows.map(\.0.count).max() ?? 0
        for (name, figure) in rows {
            print(name + String(repeating: " ", count: width + 2 - name.count) + figure)
        }
    }

    private func render(_ all: [LoadMeasurement]) -> String {
        var json = JSONWriter()
        json.object { json in
            json.array("runs") { json in
                for one in all {
                    json.object { json in
                        json.member("size", Int(one.size))
                        json.member("copy_s", one.times.copying / .seconds(1))
                        json.member("seal_s", one.times.sealing / .seconds(1))
                        json.member("hash_s", one.times.hashing / .seconds(1))
                        json.member("check_s", one.times.checking / .seconds(1))
                        json.member("total_s", one.times.total / .seconds(1))
                        json.member("first_s", one.first / .seconds(1))
                        json.member("two_passes_s", one.twoPasses / .seconds(1))
                        json.member("ratio", one.ratio)
                        json.member("peak_bytes", Int(one.peak))
                        json.member("peak_before_bytes", Int(one.peakBefore))
                    }
                }
            }
        }
        return String(buffer: json.buffer)
    }
}

/// `512MB`, `4GiB`, `1000`
struct ByteCount: ExpressibleByArgument {
    var bytes: UInt64

    private static let units: [(name: String, bytes: UInt64)] = [
        ("", 1), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("KiB", 1 << 10), ("MiB", 1 << 20),
        ("GiB", 1 << 30),
    ]

    init?(argument: String) {
        let digits = argument.prefix { ("0"..."9").contains($0) }
        let unit = argument.dropFirst(digits.count)
        guard let number = UInt64(digits), let factor = Self.units.first(where: { $0.name == unit })?.bytes else {
            return nil
        }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: factor)
        guard !overflows, bytes > 0 else { return nil }
        self.bytes = bytes
    }
}
