import Conversation
import NIOCore
import Testing
import Wire

@Suite("Golden files") struct GoldenTests {
    @Test("a dialect has no golden files, a snapshot is missing, or a file is none")
    func inventory() {
        #expect(Golden.dialectModules.count > 1)
        // A module's dialect is called as the module is.
        for dialect in Golden.dialectModules {
            let isListed = Speakers.doors.contains(dialect) || Speakers.targets.contains(dialect)
            #expect(isListed, "Speakers has no \(dialect)")
        }
        for door in Speakers.doors {
            #expect(Golden.all.contains { $0.source == door && $0.has(.request) }, "no request of \(door)")
        }
        // A flavour answers as its dialect does.
        for provider in Speakers.targets where Speakers.provider(provider)?.name.rawValue == provider {
            for input in [Golden.Input.reply, .stream] {
                #expect(Golden.all.contains { $0.source == provider && $0.has(input) }, "no \(input) of \(provider)")
            }
        }
        for golden in Golden.all {
            let inputs = Golden.Input.allCases.filter(golden.has)
            #expect(!inputs.isEmpty, "\(golden) has no input")
            let known = inputs.flatMap { input in [golden.file(input)] + input.targets.map(input.snapshot) }
            let unknown = golden.files.subtracting(known + Speakers.doors.map(Golden.asked))
            #expect(unknown.isEmpty, "\(golden): \(unknown.sorted())")
            guard !Golden.isWriting else { continue }
            let missing = Set(known).subtracting(golden.files).sorted()
            #expect(missing.isEmpty, "\(golden) lacks \(missing); HOLDFAST_WRITE_GOLDENS=1 writes them")
        }
    }

    @Test("a request goes out otherwise than its snapshot", arguments: Golden.all(with: .request), Speakers.targets)
    func request(_ golden: Golden, _ target: String) throws {
        let door = try golden.door()
        let provider = try #require(Speakers.provider(target))
        let said = try JSONDocument(golden.bytes(golden.file(.request)))
        var json = JSONWriter()
        try json.object { json in
            if door.name == provider.name {
                let (body, dropped) = try passed(said, by: door, to: provider, Speakers.model(target))
                json.object("passed") { write(body, dropped, to: &$0) }
            }
            do {
                let request = try golden.request()
                var dropped = try provider.leavingBehind(request.leftovers)
                let bytes = try provider.encodeChat(request, model: Speakers.model(target), dropped: &dropped)
                let body = try JSONDocument(bytes).root.fragment
                json.object("translated") { write(body, dropped, to: &$0) }
            } catch let refusal as CannotCarry {
                json.object("translated") { json in
                    json.member("refused", refusal.field)
                    json.member("because", refusal.reason)
                }
            } catch let problem as APIProblem {
                json.object("translated") { json in
                    json.member("refused", problem.field ?? "")
                    json.member("told", problem.message)
                }
            }
        }
        try golden.check(JSONDocument(json.buffer).root.pretty() + "\n", .request, target)
    }

    /// The caller's own bytes, but for the name of the model and what the
    /// provider's server would not take.
    private func passed(
        _ said: JSONDocument, by door: any CallerProtocol, to provider: any ProviderProtocol, _ model: String
    ) throws -> (JSONFragment, dropped: [String]) {
        var splices = Splices()
        var dropped: [String] = []
        if case .body(let name) = try door.readHead(said.root, at: Speakers.path(of: door, isStream: false)).model {
            splices.replace(name, with: model)
        }
        try provider.repair(said.bytes, model: model, dropped: &dropped, into: &splices)
        return (try JSONDocument(splices.apply(to: said.bytes)).root.fragment, dropped)
    }

    private func write(_ body: JSONFragment, _ dropped: [String], to json: inout JSONWriter) {
        json.member("body", body)
        json.array("left_behind") { json in for name in dropped { json.value(name) } }
    }

    @Test("an answer is told otherwise than its snapshot", arguments: Golden.all(with: .reply), Speakers.doors)
    func reply(_ golden: Golden, _ target: String) throws {
        let provider = try golden.provider()
        let reply = Speakers.named(try provider.decodeReply(golden.bytes(golden.file(.reply))), by: provider)
        let door = try #require(Speakers.door(target))
        let told = try door.encodeReply(reply, to: golden.asked(target, isStream: false))
        try golden.check(JSONDocument(told).root.pretty() + "\n", .reply, target)
        // A caller reads in it what the provider said.
        let heard = try #require(Speakers.provider(target)).decodeReply(told)
        #expect(GoldenAnswer(heard) == GoldenAnswer(reply).told(by: target))
    }

    @Test("a stream is told otherwise than its snapshot", arguments: Golden.all(with: .stream), Speakers.doors)
    func stream(_ golden: Golden, _ target: String) throws {
        let stream = try GoldenStream(golden)
        let door = try #require(Speakers.door(target))
        let told = try stream.told(by: door, asked: golden.asked(target, isStream: true))
        let text = door.framing == .eventStream ? try EventText.text(of: told) : String(buffer: told)
        try golden.check(text, .stream, target)
        let listener = try #require(Speakers.provider(target))
        let heard = try GoldenStream.decode(told, listener)
        #expect(GoldenAnswer(heard) == GoldenAnswer(stream.events).told(by: target))
        try cutAtEveryByte(told, listener)
    }

    /// Holds a stream that is read a byte at a time to the same in one piece.
    private func cutAtEveryByte(_ bytes: ByteBuffer, _ listener: any ProviderProtocol) throws {
        var whole = GoldenReading(listener)
        try whole.feed(bytes)
        var cut = GoldenReading(listener)
        var rest = bytes
        while let byte = rest.readSlice(length: 1) {
            try cut.feed(byte)
            try #require(whole.events.starts(with: cut.events), "after \(rest.readerIndex) bytes")
        }
        #expect(cut.events == whole.events && cut.observation == whole.observation)
        #expect(cut.unfinishedBytes == 0, "half an event at the end")
    }

    @Test("a stream says other than the whole answer", arguments: Golden.all(with: .reply).filter { $0.has(.stream) })
    func sameAnswer(_ golden: Golden) throws {
        let reply = try golden.provider().decodeReply(golden.bytes(golden.file(.reply)))
        #expect(try GoldenAnswer(GoldenStream(golden).events) == GoldenAnswer(reply))
    }

    @Test(
        "a cut at any byte changes a stream, or makes half an event one", arguments: Golden.all(with: .stream),
        [Framing.serverSentEvents, .eventStream])
    func cuts(_ golden: Golden, _ framing: Framing) throws {
        let provider = try golden.provider()
        let whole = try GoldenStream(golden)
        // The golden file's own bytes, or its frames as another framing has them.
        guard framing == provider.framing || !whole.frames.contains(where: \.isException) else { return }
        var bytes = framing == provider.framing ? whole.bytes : EventText.bytes(of: whole.frames, in: framing)
        var cut = GoldenReading(provider, framing)
        while let byte = bytes.readSlice(length: 1) {
            try cut.feed(byte)
            // Of what has come, nothing is told that the whole doesn't begin with.
            try #require(whole.events.starts(with: cut.events), "after \(bytes.readerIndex) bytes")
            // And the rest in one piece makes it whole.
            var rest = cut
            try rest.feed(bytes)
            try #require(rest.events == whole.events, "cut after \(bytes.readerIndex) bytes")
            try #require(rest.observation == whole.observation, "cut after \(bytes.readerIndex) bytes")
        }
        #expect(cut.events == whole.events && (cut.observation.hasEnded || cut.observation.failure != nil))
    }
}
