import ArgumentParser
import CInflate
import Crypto
import Encodings
import Files
import FoundationEssentials
import Glibc
import SupervisionTraining

/// The training data of a folder, as its files have it.
struct TrainingData {
    /// The file that `Benchmarks/supervision/harmless.py` writes.
    static let harmless = "Benchmarks/.work/supervision/harmless.jsonl"
    private static let largestFile = 64 << 20
    private static let largestText = 512 << 20

    var rows: [TrainingRow]
    /// The SHA-256 of all rows in their own order: files and lines in another
    /// order have the same.
    var digest: String

    private struct Line: Decodable {
        var text: String
        var source: String?
        var category: String?
        var role: String?
        var split: String?
        var label: Int?
    }

    /// - Parameter harmless: More harmless rows: documents, which are pieces of
    ///   real files and of what terminals showed, and instructions to models.
    init(folder: String, harmless: String) throws {
        if harmless == Self.harmless, access(harmless, F_OK) != 0 {
            complain("there is no \(harmless); python3 Benchmarks/supervision/harmless.py makes it")
            throw ExitCode.noInput
        }
        var rows: [TrainingRow] = try Self.lines(harmless).map { line in
            var traits: TrainingRow.Traits = line.role == "instruction" ? .instruction : .document
            if line.split == "validation" { traits.insert(.validation) }
            return TrainingRow(.benign, text: line.text, source: line.source ?? "", traits: traits)
        }
        for kind in TrainingRow.Kind.allCases {
            let path = "\(folder)/\(kind.rawValue).jsonl.gz"
            for line in try Self.lines(path) {
                var traits: TrainingRow.Traits = []
                if line.role == "document" { traits.insert(.document) }
                if line.split == "validation" { traits.insert(.validation) }
                rows.append(
                    TrainingRow(
                        kind, text: line.text, source: line.source ?? kind.rawValue, category: line.category,
                        label: line.label, traits: traits))
            }
        }
        self.init(rows: rows)
    }

    init(rows: [TrainingRow]) {
        self.rows = TrainingRow.sorted(rows)
        var hash = SHA256()
        for row in self.rows {
            let marks =
                "\(row.kind.rawValue)\u{0}\(row.source)\u{0}\(row.label ?? -1)\(row.isValidation)\(row.isDocument)\(row.isInstruction)\u{0}"
            hash.update(data: Array(marks.utf8) + Array(row.text.utf8) + [0])
        }
        digest = Hex.encode(hash.finalize())
    }

    /// Reads any file of JSON lines with a `text` and a `label`, gzipped or not.
    static func labelled(_ path: String) throws -> [LabelledText] {
        try lines(path).map { LabelledText($0.text, $0.label == 1) }
    }

    private static func lines(_ path: String) throws -> [Line] {
        let bytes: [UInt8]
        do { bytes = try WholeFile.readAll(path, limit: largestFile) } catch {
            complain("\(error)")
            throw ExitCode.noInput
        }
        let text = bytes.starts(with: [0x1F, 0x8B]) ? try inflated(bytes, path) : bytes
        let decoder = JSONDecoder()
        var found: [Line] = []
        for (number, line) in text.split(separator: 0x0A).enumerated() {
            do { found.append(try decoder.decode(Line.self, from: Data(line))) } catch {
                complain("\(path): line \(number + 1) has no text, or is no JSON")
                throw ExitCode.dataError
            }
        }
        return found
    }

    private static func inflated(_ bytes: [UInt8], _ path: String) throws -> [UInt8] {
        guard let stream = cinflate_make() else { throw ExitCode.dataError }
        defer { cinflate_free(stream) }
        var (text, taken) = ([UInt8](), 0)
        var room = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            var (used, made) = (0, 0)
            let step = bytes[taken...].withUnsafeBufferPointer { input in
                room.withUnsafeMutableBufferPointer { output in
                    cinflate_step(
                        stream, input.baseAddress, input.count, output.baseAddress, output.count, &used, &made)
                }
            }
            taken += used
            text += room[..<made]
            if step == Int32(cinflate_end) { return text }
            let isStuck = used == 0 && made == 0
            guard step == Int32(cinflate_more), !isStuck, text.count <= largestText else {
                complain("\(path) is no whole gzip file, or too large")
                throw ExitCode.dataError
            }
        }
    }
}
