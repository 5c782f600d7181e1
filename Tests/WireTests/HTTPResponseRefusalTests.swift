import NIOCore
import Testing
import Wire

@Suite struct HTTPResponseRefusalTests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var bytes: String
    }

    static let refusals: [Refusal] = [
        ("both framings", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        (
            "both framings, the other way round",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n"
        ),
        ("two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!"),
        ("a list of lengths", "HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\nhello"),
        ("a length below zero", "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello"),
        ("a length with a sign", "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nhello"),
        ("a length in hexadecimal", "HTTP/1.1 200 OK\r\ncontent-length: 0x5\r\n\r\nhello"),
        ("no length at all", "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\nhello"),
        ("a length that no computer holds", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n"),
        ("another encoding", "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n"),
        ("another encoding first", "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        (
            "chunked twice",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
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
        (
            "a chunk that is longer than it says",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"
        ),
        ("a chunk without an end", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabcdef"),
        (
            "a size line without an end",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;" + String(repeating: "x", count: 2000)
        ),
        (
            "trailers without an end",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n" + String(repeating: "x: y\r\n", count: 20_000)
        ),
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
        let reading = readResponse([bytes])
        #expect(reading.problem != nil, "\(reading)")
        guard bytes.readableBytes < 5000 else { return }
        #expect(readResponse(bytes.readableBytesView.map { ByteBuffer(bytes: [$0]) }).problem != nil)
    }
}
