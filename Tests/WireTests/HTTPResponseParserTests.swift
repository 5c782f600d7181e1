import Seeded
import NIOCore
import Testing
import Wire

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
        Example(
            "a length of nothing", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            fields: [field("content-length", "0")], reusable: true),
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
            "line feeds inside a chunk",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n",
            fields: [field("transfer-encoding", "chunked")], body: "\r\n\r\n", reusable: true),
        Example("a body until the end", "HTTP/1.1 200 OK\r\n\r\nall of it", body: "all of it", reusable: nil),
        Example(
            "no reason phrase", "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", fields: [field("content-length", "0")],
            reusable: true),
        Example(
            "an empty reason phrase", "HTTP/1.1 529 \r\ncontent-length: 0\r\n\r\n", status: 529,
            fields: [field("content-length", "0")], reusable: true),
        Example(
            "bare line feeds", "HTTP/1.1 200 OK\ncontent-length: 2\n\nab", fields: [field("content-length", "2")],
            body: "ab", reusable: true),
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
            "closing wins over staying",
            "HTTP/1.1 200 OK\r\nconnection: close, keep-alive\r\ncontent-length: 1\r\n\r\nx",
            fields: [field("connection", "close, keep-alive"), field("content-length", "1")], body: "x", reusable: false
        ),
        Example(
            "closing wins in two fields too",
            "HTTP/1.1 200 OK\r\nconnection: close\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx",
            fields: [field("connection", "close"), field("connection", "keep-alive"), field("content-length", "1")],
            body: "x", reusable: false),
        Example(
            "HTTP/1.0 closes", "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx", fields: [field("content-length", "1")],
            body: "x", reusable: false),
        Example(
            "HTTP/1.0 stays where it says so",
            "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx",
            fields: [field("connection", "keep-alive"), field("content-length", "1")], body: "x", reusable: true),
        Example(
            "space around values",
            "HTTP/1.1 200 OK\r\nX-A: \t b c \t\r\nx-empty:\r\nx-colon: a:b\r\ncontent-length: 0\r\n\r\n",
            fields: [field("x-a", "b c"), field("x-empty", ""), field("x-colon", "a:b"), field("content-length", "0")],
            reusable: true),
    ]

    @Test(arguments: examples)
    func aResponseReadsTheSameHoweverItIsCut(_ example: Example) {
        let bytes = ByteBuffer(string: example.bytes)
        var expected = ResponseReading()
        expected.head = ResponseHead(status: example.status)
        expected.head?.fields.fields = example.fields
        expected.body = example.body
        expected.isReusable = example.reusable ?? false
        let ends = example.reusable == nil
        #expect(readResponse([bytes], ends: ends) == expected)
        for offset in 0...bytes.readableBytes {
            let pieces = [
                bytes.getSlice(at: 0, length: offset)!,
                bytes.getSlice(at: offset, length: bytes.readableBytes - offset)!,
            ]
            let reading = readResponse(pieces, ends: ends)
            guard reading == expected else { Issue.record("cut at \(offset): \(reading)"); return }
        }
        let singly = readResponse(bytes.readableBytesView.map { ByteBuffer(bytes: [$0]) }, ends: ends)
        #expect(singly == expected)
    }

    @Test(arguments: examples)
    func aResponseThatBreaksOffIsNeverTakenForWhole(_ example: Example) {
        let bytes = ByteBuffer(string: example.bytes)
        let head = example.bytes.utf8.count - example.body.utf8.count
        for offset in 1..<bytes.readableBytes {
            // A body until the end is whole wherever it ends.
            if example.reusable == nil, offset >= head { return }
            let reading = readResponse([bytes.getSlice(at: 0, length: offset)!], ends: true)
            guard reading.problem != nil else { Issue.record("cut at \(offset): \(reading)"); return }
        }
    }

    @Test func bytesBehindAResponseSpoilItsConnection() {
        #expect(readResponse("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n").isReusable == false)
        #expect(readResponse("HTTP/1.1 204 No Content\r\n\r\nx").isReusable == false)
        #expect(readResponse("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nx").isReusable == false)
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
            "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "content-length: 3\r\n",
            "transfer-encoding: chunked\r\n",
            "connection: close\r\n", "\r\n", "\n", "\r", "3\r\nabc\r\n", "0\r\n\r\n", "abc", ":", " ", "\0", "x: y\r\n",
            "ffff\r\n",
        ]
        for round in 0..<5000 {
            var text = Bool.random(using: &generator) ? "HTTP/1.1 200 OK\r\n" : ""
            for _ in 0..<Int.random(in: 0..<12, using: &generator) { text += words.randomElement(using: &generator)! }
            let bytes = ByteBuffer(string: text)
            let offset = Int.random(in: 0...bytes.readableBytes, using: &generator)
            var whole = readResponse([bytes], ends: true)
            var cut = readResponse(
                [
                    bytes.getSlice(at: 0, length: offset)!,
                    bytes.getSlice(at: offset, length: bytes.readableBytes - offset)!,
                ], ends: true)
            // What has come when a problem shows depends on the cut, and so
            // does whether bytes behind the end had come by then.
            if whole.problem != nil { (whole.body, cut.body) = ("", "") }
            (whole.isReusable, cut.isReusable) = (nil, nil)
            guard whole == cut else {
                Issue.record(
                    "seed \(seed) round \(round) cut at \(offset) of \(text.debugDescription): \(whole) / \(cut)")
                return
            }
        }
    }
}
