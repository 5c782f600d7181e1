import FrontDoor
import GatewayTesting
import NIOCore
import Seeded
import Testing

@Suite struct RequestFramingTests {
    /// All pieces of `bytes`, given at once or cut at `offset`.
    private func pieces(_ text: String, cutAt offset: Int? = nil) -> [RequestFraming.Piece] {
        var framing = RequestFraming()
        let whole = ByteBuffer(string: text)
        var held = ByteBuffer()
        var found: [RequestFraming.Piece] = []
        for part in offset.map({ whole.cut(at: $0) }) ?? [whole] {
            held.writeImmutableBuffer(part)
            loop: while true {
                switch framing.next(&held) {
                case .piece(let piece): found.append(piece)
                case .wait: break loop
                case .folded:
                    Issue.record("folded")
                    break loop
                }
            }
        }
        return found
    }

    private func requests(_ pieces: [RequestFraming.Piece]) -> [String] {
        var requests = [""]
        for piece in pieces {
            requests[requests.count - 1] += String(buffer: piece.bytes)
            if piece.endsRequest { requests.append("") }
        }
        return requests.dropLast(requests.last == "" ? 1 : 0)
    }

    private static let several = [
        "GET / HTTP/1.1\r\nhost: x\r\n\r\n", "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\na\r\n\r\n",
        "POST /b HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5;x=\"\n\r\n\"\r\n12345\r\nA\r\n0\r\n\r\nGET /\r\n0\r\nt: 1\r\n\r\n",
        "HEAD / HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
        "GET / HTTP/1.1\r\nconnection: close\r\ncookie: c\r\ntrailer: t\r\n\r\n",
    ]

    @Test func requestsAreToldApartHoweverTheyAreCut() {
        // Without the extension that holds a line's end: no parser takes one.
        let requests = Self.several.map { $0.replacing("5;x=\"\n\r\n\"", with: "5;x=\"y\"") }
        let text = requests.joined(separator: "\r\n")
        for offset in 0...text.utf8.count {
            #expect(self.requests(pieces(text, cutAt: offset)) == requests, "cut at \(offset)")
        }
        var framing = RequestFraming()
        var held = ByteBuffer()
        var found: [RequestFraming.Piece] = []
        for byte in text.utf8 {
            held.writeInteger(byte)
            while case .piece(let piece) = framing.next(&held) { found.append(piece) }
        }
        #expect(self.requests(found) == requests)
    }

    @Test(arguments: ["Upgrade", "upgrade", "UPGRADE"])
    func anOfferToChangeTheProtocolIsHidden(_ name: String) {
        let request =
            "GET / HTTP/1.1\r\nx: y\r\nConnection: Upgrade\r\n\(name): h2c\r\n\(name): websocket\r\nuser: z\r\n\r\n"
        for offset in 0...request.utf8.count {
            let passed = requests(pieces(request, cutAt: offset)).joined()
            #expect(!passed.lowercased().contains("\nupgrade:"), "cut at \(offset)")
            #expect(passed.utf8.count == request.utf8.count, "cut at \(offset)")
        }
        // In a body it is the caller's own text.
        let body = "POST / HTTP/1.1\r\ncontent-length: 20\r\n\r\n\r\nupgrade: websocket"
        #expect(requests(pieces(body)).first == body)
    }

    @Test(arguments: ["GET / HTTP/1.1\r\n x: y\r\n\r\n", "GET / HTTP/1.1\r\nx: y\r\n\tz\r\n\r\n"])
    func aFieldOnTwoLinesIsNone(_ request: String) {
        var framing = RequestFraming()
        var bytes = ByteBuffer(string: request)
        #expect(framing.next(&bytes) == .folded)
    }

    @Test func whatIsNoRequestIsPassedOnToBeRefused() {
        for text in [
            "\u{16}\u{3}\u{1}", "NONSENSE", "GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
            "GET / HTTP/1.1\r\ncookie" + String(repeating: "x", count: 40_000),
        ] {
            #expect(requests(pieces(text)).joined() == text)
        }
    }

    @Test(arguments: [0x5EED_0014 as UInt64])
    func noBytesAreLostOrMadeUp(_ seed: UInt64) {
        var generator = SplitMix(seed: seed)
        let alphabet = Array(
            "GET / HTTP/1.1\r\n\r\ncontent-length: 12\r\ntransfer-encoding:chunked\r\n0123456789abcdef;:x".utf8)
        for round in 0..<2000 {
            var framing = RequestFraming(longestLine: 64)
            var held = ByteBuffer()
            var (given, passed) = (0, 0)
            for _ in 0..<Int.random(in: 1...20, using: &generator) {
                let piece = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                }
                held.writeBytes(piece)
                given += piece.count
                loop: while true {
                    switch framing.next(&held) {
                    case .piece(let piece):
                        #expect(piece.bytes.readableBytes > 0)
                        passed += piece.bytes.readableBytes
                    case .wait: break loop
                    case .folded:
                        passed = given
                        held = ByteBuffer()
                        break loop
                    }
                }
                #expect(passed + held.readableBytes <= given, "round \(round), seed \(seed)")
                #expect(held.readableBytes <= 64 + 62, "round \(round), seed \(seed)")
            }
        }
    }
}
