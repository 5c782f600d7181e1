import NIOCore
import Testing

@testable import BenchWire

@Suite struct MessageParserTests {
    private func bodies(_ pieces: [String], as kind: MessageParser.Kind) throws -> [String] {
        var parser = MessageParser(kind)
        var bodies: [String] = []
        var current = ""
        for piece in pieces {
            parser.append(ByteBuffer(string: piece))
            while let part = try parser.next() {
                switch part {
                case .head: current = ""
                case .body(let slice): current += String(buffer: slice)
                case .end: bodies.append(current)
                }
            }
        }
        return bodies
    }

    @Test func keptAliveMessagesCutAtEveryByte() throws {
        let stream =
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nHost: x\r\n\r\nhello"
            + "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
            + "POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
        #expect(try bodies([stream], as: .request) == ["hello", "", "abcde"])
        #expect(try bodies(stream.map { String($0) }, as: .request) == ["hello", "", "abcde"])
    }

    @Test func statusAndKeepAlive() throws {
        var parser = MessageParser(.response)
        parser.append(ByteBuffer(string: "HTTP/1.1 503 No\r\nConnection: close\r\ncontent-length: 0\r\n\r\n"))
        guard case .head(let head)? = try parser.next() else {
            Issue.record("no head")
            return
        }
        #expect(head.status == 503)
        #expect(!head.keepAlive)
    }

    @Test func chunkSizeThatIsNoNumber() {
        #expect(throws: MessageParser.Malformed.self) {
            try bodies(["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"], as: .response)
        }
    }
}
