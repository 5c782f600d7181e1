import Failures
import Foundation
import NIOCore
import Testing
import Wire

/// Real failures, a test each: those of the fixtures, and those of the folder
/// that HOLDFAST_FAILURES names.
struct RowTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var failure: RecordedFailure
        var testDescription: String { failure.id }
    }

    static let rows: [Row] = {
        var folders = [
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("Fixtures/failures")
        ]
        if let more = ProcessInfo.processInfo.environment["HOLDFAST_FAILURES"] {
            folders.append(URL(fileURLWithPath: more))
        }
        var rows: [Row] = []
        for folder in folders {
            let files =
                (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
            for file in files.sorted(by: { $0.path < $1.path }) where file.pathExtension == "jsonl" {
                for line in (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n") ?? [] {
                    guard let document = try? JSONDocument(ByteBuffer(string: String(line))),
                        let failure = try? RecordedFailure(line: document)
                    else {
                        Issue.record("\(file.lastPathComponent) has a line that is no failure: \(line.prefix(80))")
                        continue
                    }
                    rows.append(Row(failure: failure))
                }
            }
        }
        return rows
    }()

    @Test func theFixturesAreThere() { #expect(Self.rows.count >= 50) }

    @Test(arguments: rows) func isJudgedAsItWasMeant(_ row: Row) {
        let failure = row.failure
        let verdict = Classifier.standard.judge(failure.symptom, now: 1_780_000_000)
        #expect(verdict.cause.rawValue == failure.cause, "by rule \(verdict.rule)")
        #expect(verdict.scope.rawValue == failure.scope, "by rule \(verdict.rule)")
        #expect(verdict.evidence?.rawValue == failure.evidence, "by rule \(verdict.rule)")
    }
}
