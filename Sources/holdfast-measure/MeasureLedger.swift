import ArgumentParser
import Files
import Glibc
import Ledger
import LedgerDisk
import NIOCore
import Synchronization
import Wire

/// `holdfast-measure ledger`
struct MeasureLedger: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Measure how fast a disk and this machine keep a ledger.",
        discussion: """
            Writes a ledger of made-up entries into a new folder, as `holdfast serve` does \
            (groups of 20 ms or 1,000 entries, each synced; a checkpoint a second), verifies \
            it, and removes the folder.

            Example: holdfast-measure ledger /var/lib/holdfast --entries 500000
            """)

    @Argument(help: "Where the folder is made.", completion: .directory)
    var parent: String

    @Option(help: "How many entries.") var entries = 500_000
    @Option(help: "Bytes of each.") var size = 300
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard (1...100_000_000).contains(entries) else { throw ValidationError("--entries must be 1 to 100,000,000") }
        guard (8...65_535).contains(size) else { throw ValidationError("--size must be 8 to 65,535") }
    }

    func run() throws {
        let path = "\(parent)/holdfast-measure-\(getpid())"
        defer { try? Folder.removeAll(path) }
        do {
            try measure(path)
        } catch let problem as LedgerProblem {
            complain("\(problem)")
            throw ExitCode.cannotCreate
        }
    }

    private func measure(_ path: String) throws {
        let clock = ContinuousClock()
        let storage = try LedgerStorage(path)
        let key = try storage.key(named: "measure.invalid")
        let sequencer = try LedgerSequencer(
            clock: { UInt64(time(nil)) },
            reopen: { () throws(LedgerProblem) in
                try LedgerWriter(storage, key: key, time: UInt64(time(nil)))
            })
        var entry = [UInt8](repeating: 0x61, count: size)
        let durable = Atomic<Int>(0)
        let began = clock.now
        for number in 0..<entries {
            withUnsafeBytes(of: number) { entry.replaceSubrange(0..<8, with: $0) }
            // As much may be under way as a gateway lets be.
            while sequencer.isFull { usleep(200) }
            entry.withUnsafeBytes { bytes in
                sequencer.append(bytes) { if case .success = $0 { durable.wrappingAdd(1, ordering: .relaxed) } }
            }
        }
        sequencer.close()
        let writing = began.duration(to: clock.now)
        guard durable.load(ordering: .relaxed) == entries else { throw LedgerProblem("the disk failed") }
        let start = clock.now
        let report = try LedgerVerifier(LedgerFolder(storage.publicPath), policy: LedgerPolicy(log: key.verifier))
            .verify()
        let verifying = start.duration(to: clock.now)
        func rate(_ time: Duration) -> Int {
            Int(
                Double(report.entries) / (Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18)
            )
        }
        if json {
            var text = JSONWriter()
            text.object { json in
                json.member("entries", Int(report.entries))
                json.member("bytes", size)
                json.member("written_per_second", rate(writing))
                json.member("verified_per_second", rate(verifying))
            }
            print(String(buffer: text.buffer))
        } else {
            print(
                "written   \(rate(writing)) entries of \(size) bytes a second, each durable before it was acknowledged")
            print("verified  \(rate(verifying)) entries a second")
        }
    }
}
