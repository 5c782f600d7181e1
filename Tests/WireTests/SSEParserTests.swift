import NIOCore
import Testing
import Wire

/// Returns the events that a parser made of the pieces.
private func read(_ pieces: [ByteBuffer], limit: Int = 8 << 20) throws(FrameProblem) -> [Frame] {
    var parser = SSEParser(limit: limit)
    var events: [Frame] = []
    for piece in pieces {
        parser.feed(piece)
        while let event = try parser.next() { events.append(event) }
    }
    return events
}

private func read(_ text: String) throws(FrameProblem) -> [Frame] { try read([ByteBuffer(string: text)]) }

private func event(_ data: String, name: String = "") -> Frame {
    Frame(name: name, data: ByteBuffer(string: data))
}

@Suite struct SSEParserTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var stream: String
        var events: [Frame]
    }

    /// The first four are the standard's own:
    /// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    static let examples = [
        Example(
            testDescription: "lines of data are joined", stream: "data: YHOO\ndata: +2\ndata: 10\n\n",
            events: [event("YHOO\n+2\n10")]),
        Example(
            testDescription: "comments, ids and what the end cuts off",
            stream: ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event",
            events: [event("first event"), event("second event")]),
        Example(
            testDescription: "data without a value", stream: "data\n\ndata\ndata\n\ndata:",
            events: [event(""), event("\n")]),
        Example(
            testDescription: "one space is skipped, two are not", stream: "data:test\n\ndata: test\n\ndata:  test\n\n",
            events: [event("test"), event("test"), event(" test")]),
        Example(
            testDescription: "names hold for one event",
            stream: "event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\ndata: x\n\n",
            events: [event("73857293", name: "add"), event("2153", name: "remove"), event("x")]),
        Example(
            testDescription: "a name without data is nothing", stream: "event: a\n\ndata: x\n\n", events: [event("x")]),
        Example(
            testDescription: "the last name counts", stream: "event: a\nevent:b\ndata: x\n\n",
            events: [event("x", name: "b")]),
        Example(
            testDescription: "unknown fields and near misses are passed over",
            stream: "retry: 10\ndat: a\ndatas: b\nDATA: c\n data: d\n:data: e\nevents: f\ndata: x\n\n",
            events: [event("x")]),
        Example(testDescription: "a colon in the value", stream: "data: a: b:c\n\n", events: [event("a: b:c")]),
        Example(testDescription: "blank lines alone", stream: "\n\n\n\ndata: x\n\n\n", events: [event("x")]),
        Example(
            testDescription: "a byte order mark is skipped once", stream: "\u{FEFF}data: x\n\n\u{FEFF}data: y\n\n",
            events: [event("x")]),
        Example(testDescription: "text in any script", stream: "data: grüße 世界 🌍\n\n", events: [event("grüße 世界 🌍")]),
        Example(
            testDescription: "the end of OpenAI's streams", stream: "data: {}\n\ndata: [DONE]\n\n",
            events: [event("{}"), event("[DONE]")]),
    ]

    @Test(arguments: examples, ["\n", "\r\n", "\r"])
    func aStreamReadsTheSameHoweverItIsCut(_ example: Example, _ end: String) throws {
        let stream = example.stream.replacingLineFeeds(with: end)
        let expected = example.events
        let bytes = ByteBuffer(string: stream)
        #expect(try read([bytes]) == expected)
        for offset in 0...bytes.readableBytes {
            let pieces = [
                bytes.getSlice(at: 0, length: offset)!,
                bytes.getSlice(at: offset, length: bytes.readableBytes - offset)!,
            ]
            guard try read(pieces) == expected else { Issue.record("cut at \(offset)"); return }
            guard try read([pieces[0], ByteBuffer(), pieces[1]]) == expected else {
                Issue.record("gap at \(offset)"); return
            }
        }
        #expect(try read(bytes.readableBytesView.map { ByteBuffer(bytes: [$0]) }) == expected)
    }

    @Test func lineEndsMayBeMixed() throws {
        #expect(try read("data: a\rdata: b\r\ndata: c\n\r\ndata: d\n\r") == [event("a\nb\nc"), event("d")])
        #expect(try read("data: a\r\r\ndata: b\r\n\n") == [event("a"), event("b")])
    }

    @Test func bytesThatAreNoTextPassThrough() throws {
        let bytes = ByteBuffer(bytes: Array("data: ".utf8) + [0xFF, 0x00, 0xC3] + Array("\n\n".utf8))
        #expect(try read([bytes]).map { Array($0.data.readableBytesView) } == [[0xFF, 0x00, 0xC3]])
    }

    @Test func anEventOverTheLimitIsRefused() throws {
        let limit = 1000
        let fits = "data: " + String(repeating: "x", count: limit - 6) + "\n\n"
        #expect(try read([ByteBuffer(string: fits)], limit: limit).count == 1)
        let whole = ByteBuffer(string: "data: " + String(repeating: "x", count: limit + 1) + "\n\n")
        #expect(throws: FrameProblem.self) { try read([whole], limit: limit) }
        #expect(throws: FrameProblem.self) {
            try read(whole.readableBytesView.map { ByteBuffer(bytes: [$0]) }, limit: limit)
        }
        let endless = ByteBuffer(string: String(repeating: "x", count: limit + 1))
        #expect(throws: FrameProblem.self) { try read([endless], limit: limit) }
        let many = ByteBuffer(string: String(repeating: "data: xxxxxxxx\n", count: 200))
        #expect(throws: FrameProblem.self) { try read([many], limit: limit) }
        let small = String(repeating: "data: x\n\n", count: 1000)
        #expect(try read([ByteBuffer(string: small)], limit: limit).count == 1000)
    }

    @Test func aMegabyteOnOneLineIsRead() throws {
        let text = String(repeating: "0123456789abcdef", count: 1 << 16)
        let bytes = ByteBuffer(string: "event: big\ndata: \(text)\n\ndata: next\n\n")
        for size in [997, 16384, bytes.readableBytes] {
            var pieces: [ByteBuffer] = []
            var offset = 0
            while offset < bytes.readableBytes {
                let length = min(size, bytes.readableBytes - offset)
                pieces.append(bytes.getSlice(at: offset, length: length)!)
                offset += length
            }
            #expect(try read(pieces) == [event(text, name: "big"), event("next")])
        }
    }

    @Test func whatIsUnfinishedIsKnown() throws {
        let stream = "event: a\r\ndata: x\r\n\r\ndata: y\n"
        var parser = SSEParser()
        var fed = 0
        for byte in stream.utf8 {
            parser.feed(ByteBuffer(bytes: [byte]))
            fed += 1
            _ = try parser.next()
            #expect(parser.unfinishedBytes <= fed)
        }
        #expect(parser.unfinishedBytes == "data: y\n".utf8.count)
    }

    @Test func aLongStreamThatIsAlwaysCutInMidLineCostsNoMemory() throws {
        // Each piece ends in the middle of a line: none leaves the parser empty.
        let piece = ByteBuffer(string: "a\n\n" + String(repeating: "data: abcdefghijkl\n\n", count: 100) + "data: ")
        var parser = SSEParser()
        parser.feed(ByteBuffer(string: "data: "))
        var count = 0
        var most = 0
        for _ in 0..<500 {
            parser.feed(piece)
            while let event = try parser.next() {
                count += 1
                // An event's data lies in what the parser keeps.
                most = max(most, event.data.storageCapacity)
            }
        }
        #expect(count == 500 * 101)
        #expect(most <= 8 * piece.readableBytes, "\(most) bytes kept for pieces of \(piece.readableBytes)")
    }

    @Test func anEventIsWrittenAsItIsRead() throws {
        var buffer = ByteBuffer()
        SSEWriter.write(name: "error", data: ByteBuffer(string: "{}"), to: &buffer)
        SSEWriter.write(data: ByteBuffer(string: "[DONE]"), to: &buffer)
        #expect(String(buffer: buffer) == "event: error\ndata: {}\n\ndata: [DONE]\n\n")
        #expect(try read([buffer]) == [event("{}", name: "error"), event("[DONE]")])
    }
}

extension String {
    fileprivate func replacingLineFeeds(with end: String) -> String {
        var bytes: [UInt8] = []
        for byte in utf8 {
            if byte == 0x0A { bytes += Array(end.utf8) } else { bytes.append(byte) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
