import Seeded
import NIOCore
import Testing
import Wire

@Suite(.serialized) struct WireFuzzTests {
    @Test func noTextGetsTheBetterOfTheScanner() throws {
        try Fuzzing.run("scanner", share: 0.1, inputs: Corpus.all) { input, _ in
            let whole = Result { () throws(JSONProblem) in try JSONDocument(input) }
            let skimmed = Result { () throws(JSONProblem) in try JSONDocument(input, limits: .skim) }
            let strict = Result { () throws(JSONProblem) in try JSONDocument(input, limits: .strictSkim) }
            try compare(strict, whole)
            switch (whole, skimmed) {
            case (.success(let document), .success(let top)):
                try read(document.root)
                guard top.root.fragment == document.root.fragment else { throw Fault("the skim sees other bytes") }
                let same = document.replacing(document.root, with: document.root.fragment.bytes)
                guard same == input else { throw Fault("replacing a value by itself changes the text") }
                try rewrite(document)
            case (.failure(let problem), .success):
                // Only below the top does a skim look less closely.
                switch problem.reason {
                case .duplicateName, .tooManyValues: break
                default: throw Fault("the skim accepts what the scan refuses: \(problem)")
                }
            case (.success, .failure(let problem)): throw Fault("the skim refuses what the scan accepts: \(problem)")
            case (.failure(let problem), .failure):
                guard (0...input.readableBytes).contains(problem.offset) else {
                    throw Fault("offset \(problem.offset)")
                }
            }
        }
    }

    /// Checks that a strict skim refuses what the scan refuses, and nothing else.
    private func compare(
        _ strict: Result<JSONDocument, JSONProblem>, _ whole: Result<JSONDocument, JSONProblem>
    ) throws {
        switch (strict, whole) {
        case (.success, .success): break
        case (.failure(let one), .failure(let other)):
            guard one == other else { throw Fault("a strict skim says \(one), the scan \(other)") }
        case (.success, .failure(let problem)):
            // What is not indexed is not counted.
            if case .tooManyValues = problem.reason { break }
            throw Fault("a strict skim accepts what the scan refuses: \(problem)")
        case (.failure(let problem), .success): throw Fault("a strict skim refuses what the scan accepts: \(problem)")
        }
    }

    /// Checks that accepted JSON can be read, and that each of its values is
    /// valid alone.
    private func read(_ view: JSONView) throws {
        let alone = try view.fragment.document().root
        guard alone.kind == view.kind, alone.range == 0..<view.range.count else {
            throw Fault("a fragment reads otherwise")
        }
        switch view.kind {
        case .string: guard view.string != nil else { throw Fault("a string can't be read") }
        case .number:
            if let int = view.int, let double = view.double, Double(int) != double { throw Fault("two numbers in one") }
        case .array: for element in view.elements { try read(element) }
        case .object:
            var names: Set<[UInt8]> = []
            for (name, value) in view.members {
                guard let text = name.string, names.insert(Array(text.utf8)).inserted else {
                    throw Fault("a name twice")
                }
                try read(value)
            }
        case .true, .false: guard view.bool != nil else { throw Fault("a truth can't be read") }
        case .null: guard view.isNull else { throw Fault("null is something") }
        }
    }

    /// The scanner accepts what the writer makes of what it has read.
    private func rewrite(_ document: JSONDocument) throws {
        func write(_ view: JSONView, _ json: inout JSONWriter) {
            switch view.kind {
            case .object:
                json.object { json in
                    for (name, value) in view.members {
                        json.key(dynamic: name.string ?? "")
                        write(value, &json)
                    }
                }
            case .array: json.array { json in for element in view.elements { write(element, &json) } }
            case .string: json.value(view.string ?? "")
            default: json.value(view.fragment)
            }
        }
        var first = JSONWriter()
        write(document.root, &first)
        var second = JSONWriter()
        write(try JSONDocument(first.buffer).root, &second)
        guard first.buffer == second.buffer else { throw Fault("what is written reads otherwise") }
    }

    @Test func noCutChangesAStream() throws {
        try Fuzzing.run("event stream", share: 0.2, inputs: Corpus.streams) { input, random in
            let whole = events(in: [input])
            let pieces = Pieces.cut(input, &random)
            guard events(in: pieces) == whole else { throw Fault("cut into \(pieces.map(\.readableBytes))") }
            var written = ByteBuffer()
            for event in whole where !event.data.readableBytesView.contains(where: { $0 == 0x0A || $0 == 0x0D }) {
                SSEWriter.write(data: event.data, to: &written)
            }
            _ = events(in: [written])
        }
    }

    private func events(in pieces: [ByteBuffer]) -> [Frame] {
        (try? Pieces.frames(in: pieces, .serverSentEvents)) ?? []
    }
}
