import NIOCore
import Testing
import Wire

/// What a parser made of a connection's bytes: a body in one piece, since
/// how it is cut is not part of the answer.
private struct Reading: Equatable, CustomStringConvertible {
    var head: ResponseHead?
    var body = ""
    var isReusable: Bool?
    var problem: String?

    var description: String {
        "\(head.map { "\($0.status) \($0.fields.fields.map { "\($0.name): \($0.value)" })" } ?? "no head") "
            + "body \"\(body)\" reusable \(isReusable.map(String.init) ?? "-") problem \(problem ?? "-")"
    }
}

/// - Parameter ends: whether the connection ends behind the pieces.
private func read(_ pieces: [ByteBuffer], ends: Bool = false) -> Reading {
    var parser = HTTPResponseParser()
    var reading = Reading()
    var body = ByteBuffer()
    func take(_ event: HTTPResponseParser.Event) {
        switch event {
        case .head(let head): reading.head = head
        case .body(let bytes): body.writeImmutableBuffer(bytes)
        case .end(let reusable): reading.isReusable = reusable
        }
    }
    do throws(HTTPProblem) {
        for piece in pieces {
            parser.feed(piece)
            while let event = try parser.next() { take(event) }
        }
        if ends, let event = try parser.finish() { take(event) }
    } catch {
        reading.problem = error.reason
    }
    reading.body = String(buffer: body)
    return reading
}

private func read(_ text: String, ends: Bool = false) -> Reading { read([ByteBuffer(string: text)], ends: ends) }

private func field(_ name: String, _ value: String) -> HTTPFieldList.Field {
    HTTPFieldList([name: value] as KeyValuePairs).fields[0]
}

@Suite struct HTTPResponseParserTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var bytes: String
        var status = 200
        var fields: [HTTPFieldList.Field] = []
        var body = ""
        /// Nil where the response needs the connection's end.
        var reusable: Bool?

        init(
            _ testDescription: String, _ bytes: String, status: Int = 200, fields: [HTTPFieldList.Field] = [],
            body: String = "", reusable: Bool?
        ) {
            (self.testDescription, self.bytes, self.status) = (testDescription, bytes, status)
            (self.fields, self.body, self.reusable) = (fields, body, reusable)
        }
    }

    static let examples = [
        Example(
            "a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", fields: [field("content-length", "5")],
            body: "hello", reusable: true),
        Example("a length of nothing", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", fields: [field("content-length", "0")], reusable: true),
        Example(
            "the same length twice", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nab",
            fields: [field("content-length", "2"), field("content-length", "2")], body: "ab", reusable: true),
        Example(
            "chunks, their extensions and trailers",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0;last\r\nx-sum: 1\r\n\r\n",
            fields: [field("transfer-encoding", "Chunked")], body: "abc0123456789", reusable: true),
        Example(
            "chunks with upper and lower digits and leading zeros",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n00a\r\n0123456789\r\n0B\r\n0123456789a\r\n00\r\n\r\n",
            fields: [field("transfer-encoding", "chunked")], body: "01234567890123456789a", reusable: true),
        Example(
            "line feeds inside a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n",
            fields: [field("transfer-encoding", "chunked")], body: "\r\n\r\n", reusable: true),
        Example("a body until the end", "HTTP/1.1 200 OK\r\n\r\nall of it", body: "all of it", reusable: nil),
        Example("no reason phrase", "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", fields: [field("content-length", "0")], reusable: true),
        Example("an empty reason phrase", "HTTP/1.1 529 \r\ncontent-length: 0\r\n\r\n", status: 529, fields: [field("content-length", "0")], reusable: true),
        Example("bare line feeds", "HTTP/1.1 200 OK\ncontent-length: 2\n\nab", fields: [field("content-length", "2")], body: "ab", reusable: true),
        Example("204 has no body", "HTTP/1.1 204 No Content\r\n\r\n", status: 204, reusable: true),
        Example(
            "304 has none, whatever it says", "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", status: 304,
            fields: [field("content-length", "9")], reusable: true),
        Example(
            "heads that go before",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
            fields: [field("content-length", "1")], body: "x", reusable: true),
        Example(
            "it will close", "HTTP/1.1 200 OK\r\nConnection: Close\r\ncontent-length: 1\r\n\r\nx",
            fields: [field("connection", "Close"), field("content-length", "1")], body: "x", reusable: false),
        Example(
            "closing wins over staying", "HTTP/1.1 200 OK\r\nconnection: close, keep-alive\r\ncontent-length: 1\r\n\r\nx",
            fields: [field("connection", "close, keep-alive"), field("content-length", "1")], body: "x", reusable: false),
        Example(
            "closing wins in two fields too",
            "HTTP/1.1 200 OK\r\nconnection: close\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx",
            fields: [field("connection", "close"), field("connection", "keep-alive"), field("content-length", "1")],
            body: "x", reusable: false),
        Example(
            "HTTP/1.0 closes", "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx", fields: [field("content-length", "1")],
            body: "x", reusable: false),
        Example(
            "HTTP/1.0 stays where it says so", "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx",
            fields: [field("connection", "keep-alive"), field("content-length", "1")], body: "x", reusable: true),
        Example(
            "space around values", "HTTP/1.1 200 OK\r\nX-A: \t b c \t\r\nx-empty:\r\nx-colon: a:b\r\ncontent-length: 0\r\n\r\n",
            fields: [field("x-a", "b c"), field("x-empty", ""), field("x-colon", "a:b"), field("content-length", "0")],
            reusable: true),
    ]

    @Test(arguments: examples)
    func aResponseReadsTheSameHoweverItIsCut(_ example: Example) {
        let bytes = ByteBuffer(string: example.bytes)
        var expected = Reading()
        expected.head = ResponseHead(status: example.status)
        expected.head?.fields.fields = example.fields
        expected.body = example.body
        expected.isReusable = example.reusable ?? false
        let ends = example.reusable == nil
        #expect(read([bytes], ends: ends) == expected)
        for offset in 0...bytes.readableBytes {
            let pieces = [bytes.getSlice(at: 0, length: offset)!, bytes.getSlice(at: offset, length: bytes.readableBytes - offset)!]
            let reading = read(pieces, ends: ends)
            guard reading == expected else { Issue.record("cut at \(offset): \(reading)"); return }
        }
        let singly = read(bytes.readableBytesView.map { ByteBuffer(bytes: [$0]) }, ends: ends)
        #expect(singly == expected)
    }

    @Test(arguments: examples)
    func aResponseThatBreaksOffIsNeverTakenForWhole(_ example: Example) {
        let bytes = ByteBuffer(string: example.bytes)
        let head = example.bytes.utf8.count - example.body.utf8.count
        for offset in 1..<bytes.readableBytes {
            // A body until the end is whole wherever it ends.
            if example.reusable == nil, offset >= head { return }
            let reading = read([bytes.getSlice(at: 0, length: offset)!], ends: true)
            guard reading.problem != nil else { Issue.record("cut at \(offset): \(reading)"); return }
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var bytes: String
    }

    static let refusals: [Refusal] = [
        ("both framings", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("both framings, the other way round", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n"),
        ("two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!"),
        ("a list of lengths", "HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\nhello"),
        ("a length below zero", "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello"),
        ("a length with a sign", "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nhello"),
        ("a length in hexadecimal", "HTTP/1.1 200 OK\r\ncontent-length: 0x5\r\n\r\nhello"),
        ("no length at all", "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\nhello"),
        ("a length that no computer holds", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n"),
        ("another encoding", "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n"),
        ("another encoding first", "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("chunked twice", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("a folded line", "HTTP/1.1 200 OK\r\nx-a: b\r\n c\r\ncontent-length: 0\r\n\r\n"),
        ("a space before the colon", "HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n"),
        ("a field without a name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n"),
        ("a field without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"),
        ("a name that is none", "HTTP/1.1 200 OK\r\nx(y): z\r\n\r\n"),
        ("a NUL in a value", "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n"),
        ("a carriage return in a value", "HTTP/1.1 200 OK\r\nx: a\rb: c\r\n\r\n"),
        ("a size that is no number", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"),
        ("a size below zero", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n"),
        ("a size with a prefix", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0x1\r\na\r\n"),
        ("two sizes", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1 2\r\na\r\n"),
        ("space for a size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n ;x\r\n"),
        ("no size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n"),
        ("a size that overflows", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"),
        ("a chunk that is longer than it says", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"),
        ("a chunk without an end", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabcdef"),
        ("a size line without an end", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;" + String(repeating: "x", count: 2000)),
        ("trailers without an end", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n" + String(repeating: "x: y\r\n", count: 20_000)),
        ("fields over the limit", "HTTP/1.1 200 OK\r\n" + String(repeating: "x: y\r\n", count: 20_000) + "\r\n"),
        ("a head without an end", "HTTP/1.1 200 OK\r\nx: " + String(repeating: "y", count: 70_000)),
        ("another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        ("a page", "<html><body>Bad Gateway</body></html>\n\n"),
        ("HTTP/2", "HTTP/2 200 OK\r\n\r\n"),
        ("HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"),
        ("a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"),
        ("a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"),
        ("a status below 100", "HTTP/1.1 099 OK\r\n\r\n"),
        ("lower case", "http/1.1 200 OK\r\n\r\n"),
        ("a protocol that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n"),
        ("nothing but line ends", "\r\n\r\n"),
    ].map { Refusal(testDescription: $0.0, bytes: $0.1) }

    @Test(arguments: refusals)
    func whatTwoReadersCouldReadDifferentlyIsRefused(_ refusal: Refusal) {
        let bytes = ByteBuffer(string: refusal.bytes)
        let reading = read([bytes])
        #expect(reading.problem != nil, "\(reading)")
        guard bytes.readableBytes < 5000 else { return }
        #expect(read(bytes.readableBytesView.map { ByteBuffer(bytes: [$0]) }).problem != nil)
    }

    @Test func bytesBehindAResponseSpoilItsConnection() {
        #expect(read("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n").isReusable == false)
        #expect(read("HTTP/1.1 204 No Content\r\n\r\nx").isReusable == false)
        #expect(read("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nx").isReusable == false)
    }

    @Test func bodyBytesAreNeverHeldBack() throws {
        for framing in ["content-length: 1000", "transfer-encoding: chunked", "x: y"] {
            var parser = HTTPResponseParser()
            parser.feed(ByteBuffer(string: "HTTP/1.1 200 OK\r\n\(framing)\r\n\r\n"))
            guard case .head? = try parser.next() else { Issue.record("no head"); continue }
            if framing.hasSuffix("chunked") { parser.feed(ByteBuffer(string: "3e8\r\n")) }
            for _ in 0..<5 {
                parser.feed(ByteBuffer(string: "x"))
                #expect(try parser.next() == .body(ByteBuffer(string: "x")))
                #expect(try parser.next() == nil)
                #expect(parser.bufferedBytes == 0)
            }
        }
    }

    @Test func aLongStreamThatIsAlwaysCutInMidLineCostsNoMemory() throws {
        // Each piece ends inside a chunk's size: none leaves the parser empty.
        let text = String(repeating: "x", count: 0x1000)
        var parser = HTTPResponseParser()
        parser.feed(ByteBuffer(string: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10"))
        _ = try parser.next()
        var most = 0
        var count = 0
        for _ in 0..<500 {
            parser.feed(ByteBuffer(string: "00\r\n\(text)\r\n10"))
            while let event = try parser.next() {
                guard case .body(let bytes) = event else { continue }
                count += bytes.readableBytes
                // A body's bytes lie in what the parser keeps.
                most = max(most, bytes.storageCapacity)
            }
        }
        #expect(count == 500 * 0x1000)
        #expect(most <= 16 * 0x1000, "\(most) bytes kept for pieces of \(0x1000)")
    }

    @Test func randomBytesNeverTrapAndAreCutAnywhere() {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SplitMix(seed: seed)
        let words = [
            "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "content-length: 3\r\n", "transfer-encoding: chunked\r\n",
            "connection: close\r\n", "\r\n", "\n", "\r", "3\r\nabc\r\n", "0\r\n\r\n", "abc", ":", " ", "\0", "x: y\r\n", "ffff\r\n",
        ]
        for round in 0..<5000 {
            var text = Bool.random(using: &generator) ? "HTTP/1.1 200 OK\r\n" : ""
            for _ in 0..<Int.random(in: 0..<12, using: &generator) { text += words.randomElement(using: &generator)! }
            let bytes = ByteBuffer(string: text)
            let offset = Int.random(in: 0...bytes.readableBytes, using: &generator)
            var whole = read([bytes], ends: true)
            var cut = read([bytes.getSlice(at: 0, length: offset)!, bytes.getSlice(at: offset, length: bytes.readableBytes - offset)!], ends: true)
            // What has come when a problem shows depends on the cut, and so
            // does whether bytes behind the end had come by then.
            if whole.problem != nil { (whole.body, cut.body) = ("", "") }
            (whole.isReusable, cut.isReusable) = (nil, nil)
            guard whole == cut else {
                Issue.record("seed \(seed) round \(round) cut at \(offset) of \(text.debugDescription): \(whole) / \(cut)")
                return
            }
        }
    }
}

@Suite struct SSEUnfinishedBytesTests {
    /// What has not been fed yet, or belongs to no whole event, must be what
    /// the parser says: forwarding all but that leaves whole events.
    @Test(arguments: ["\n", "\r\n", "\r"])
    func whatIsForwardedEndsBetweenTwoEvents(_ end: String) throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SplitMix(seed: seed)
        let lines = ["data: x", "data", "event: a", ": ping", "", "", "id: 1", "data: long long long", "\u{FEFF}data: y", ":"]
        for round in 0..<300 {
            var text = Bool.random(using: &generator) ? "\u{FEFF}" : ""
            for _ in 0..<Int.random(in: 1..<15, using: &generator) { text += lines.randomElement(using: &generator)! + end }
            let bytes = Array(text.utf8)
            var parser = SSEParser()
            var fed = 0
            while fed < bytes.count {
                let count = min(Int.random(in: 1...6, using: &generator), bytes.count - fed)
                parser.feed(ByteBuffer(bytes: bytes[fed..<fed + count]))
                fed += count
                while try parser.next() != nil {}
                let out = fed - parser.unfinishedBytes
                guard out >= 0, isBetweenEvents(bytes[..<out]) else {
                    Issue.record("seed \(seed) round \(round): \(out) of \(fed) of \(text.debugDescription)")
                    return
                }
                // Nothing is held back longer than it has to be.
                guard out == fed || !isBetweenEvents(bytes[..<fed]) else {
                    Issue.record("seed \(seed) round \(round): held \(parser.unfinishedBytes) at \(fed) of \(text.debugDescription)")
                    return
                }
            }
        }
    }

    /// Whether the bytes end with a blank line.
    private func isBetweenEvents(_ bytes: ArraySlice<UInt8>) -> Bool {
        // Line ends become one sign each.
        var signs: [UInt8] = []
        var afterReturn = false
        for byte in bytes {
            if byte == 0x0A, afterReturn { afterReturn = false; continue }
            afterReturn = byte == 0x0D
            signs.append(afterReturn ? 0x0A : byte)
        }
        if signs.isEmpty { return true }
        guard signs.last == 0x0A else { return false }
        // The byte order mark is no line of its own.
        return signs.count == 1 || signs[signs.count - 2] == 0x0A
    }

    @Test func anEventThatNeverEndsIsRefusedWhateverItsLinesAre() throws {
        for line in [": ping\n", "id: 1\n", "data: x\n", "event: y\n", "unknown: z\n"] {
            var parser = SSEParser(limit: 1000)
            #expect(throws: SSEProblem.self, "\(line)") {
                for _ in 0..<2000 {
                    parser.feed(ByteBuffer(string: line))
                    while try parser.next() != nil {}
                }
            }
        }
    }
}
