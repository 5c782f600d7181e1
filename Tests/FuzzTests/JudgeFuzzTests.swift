import Failures
import Foundation
import NIOCore
import Testing
import Wire

/// Providers' failures beside callers' requests, both mutated.
@Suite(.serialized) struct JudgeFuzzTests {
    /// Bodies of recorded failures.
    private static let failures: [Corpus.Entry] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/failures")
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.filter { $0.pathExtension == "jsonl" }.sorted { $0.path < $1.path }.flatMap { file in
            (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n").compactMap { line in
                guard let document = try? JSONDocument(String(line)),
                    let failure = try? RecordedFailure(line: document)
                else { return nil }
                return Corpus.Entry(name: failure.id, bytes: failure.symptom.body)
            } ?? []
        }
    }()

    @Test func noFailureGetsTheBetterOfTheJudge() throws {
        let requests = Corpus.documents.map(\.bytes)
        try Fuzzing.run("failures", share: 0.2, inputs: Self.failures) { input, random in
            let status = [200, 400, 401, 403, 404, 410, 422, 429, 500, 503].randomElement(using: &random)!
            let position = Symptom.Position.allCases.randomElement(using: &random)!
            let symptom = Symptom(position: position, status: status, body: input)
            // A request with a piece of the failure in it.
            var request = requests.randomElement(using: &random)!
            let start = Int.random(in: 0...input.readableBytes, using: &random)
            let length = Int.random(in: 0...(input.readableBytes - start), using: &random)
            request.writeImmutableBuffer(input.getSlice(at: input.readerIndex + start, length: length)!)
            let text = RequestText(pieces: [request, ByteBuffer(string: "beta=true")], names: ["m", "claude"])
            let judgement = Classifier.standard.judge(symptom, of: text, now: 0)
            guard judgement == Classifier.standard.judge(symptom, of: text, now: 0) else {
                throw Fault("the same failure is judged in two ways")
            }
            guard judgement.memory != nil || judgement.isQuestion else { throw Fault("nothing is left of it") }
            guard judgement.verdict.words.utf8.count <= 1500 else { throw Fault("its words are too long to be kept") }
        }
    }
}
