import Conversation
import DialectOpenAI
import Documented
import Testing
import Wire

/// The table of what llama.cpp's server reads and is never sent.
@Suite("The engine's own fields, row by row") struct EngineRowTests {
    /// The fields that a row names; `dry_…` is all that begin so.
    private static func fields(_ row: DocumentedRow) throws -> [EngineField] {
        try row.cells[0].codeSpans.filter { $0 != "…" }.flatMap { span in
            guard span.hasSuffix("…") else { return [try #require(EngineField.named(span), "\(span)")] }
            let fields = EngineField.chat.filter { $0.name.hasPrefix(span.dropLast()) }
            #expect(!fields.isEmpty, "no field begins with \(span)")
            return fields
        }
    }

    @Test("a field that a row names reaches the engine, or is refused without a reason") func named() throws {
        let engine = EngineDialect(now: { 0 })
        let door = OpenAIDialect(now: { 0 })
        var reasons: Set<String> = []
        for row in try DocumentedPage("dialect-openai").table(under: "## The engine", 1).rows {
            for field in try Self.fields(row) {
                guard case .withheld(let reason) = field.fate else {
                    Issue.record("\(field.name) is sent")
                    continue
                }
                reasons.insert(reason)
                let request = try door.decodeChat(
                    JSONDocument(
                        #"{"model":"m","messages":[{"role":"user","content":"x"}],"\#(field.name)":{"a":1}}"#))
                let refusal = #expect(throws: CannotCarry.self) { try engine.leavingBehind(request.leftovers) }
                #expect(refusal == CannotCarry(field.name, reason))
            }
        }
        let all = EngineField.chat.compactMap { if case .withheld(let reason) = $0.fate { reason } else { nil } }
        #expect(reasons == Set(all), "a reason has no row")
    }
}
