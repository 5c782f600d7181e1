import Testing
import WeightFormats

/// Tests of the checks of the facts that a file states about its model and its vocabulary.
@Suite struct GGUFModelTests {
    @Test(arguments: Self.model + Self.layers + Self.vocabulary + Self.byteTokens + Self.split)
    func isRefused(_ file: HostileFile) { file.mustBeRefused() }

    @Test(arguments: Self.odd) func isTaken(_ file: HostileFile) throws { _ = try read(file.bytes) }

    @Test func aSplitsLaterFileHasTensorsOnly() throws {
        var writer = GGUFWriter()
        writer.splitKeys(1, 3, 9)
        writer.tensors = [.init("blk.7.attn_q.weight", [32])]
        let file = try read(writer.bytes)
        let split = try #require(file.split)
        #expect(split.number == 1 && split.count == 3 && split.tensors == 9)
        #expect(file.architecture == nil)
    }

    @Test func whatIsNoModelSaysSo() throws {
        var writer = GGUFWriter()
        writer["general.architecture"] = .string("llama")
        writer["general.type"] = .string("adapter")
        writer.tensors = [.init("blk.0.attn_q.weight.lora_a", [32])]
        #expect(try read(writer.bytes).purpose == .adapter)
        writer["general.type"] = .string("mmproj")
        #expect(try read(writer.bytes).purpose == .projector)
        writer["general.type"] = .string("imatrix")
        #expect(try read(writer.bytes).purpose == .other("imatrix"))
        // But what it says must be sound all the same.
        writer["llama.attention.head_count"] = .u32(0)
        writer["llama.block_count"] = .u32(1)
        HostileFile("no heads", says: "is 0", writer.bytes).mustBeRefused()
    }

    @Test func allChatTemplatesAreThereToBePinned() throws {
        var writer = GGUFWriter.model
        writer["tokenizer.chat_template.tool_use"] = .string("{{ tools }}")
        let templates = try read(writer.bytes).chatTemplates
        #expect(templates.map(\.name) == [nil, "tool_use"])
        #expect(templates.map(\.bytes) == [Array("{{ messages }}\n".utf8), Array("{{ tools }}".utf8)])
    }
}

extension GGUFWriter {
    mutating func splitKeys(_ number: UInt16, _ count: UInt16, _ tensors: Int32) {
        self["split.no"] = .u16(number)
        self["split.count"] = .u16(count)
        self["split.tensors.count"] = .i32(tensors)
    }
}
