import NIOCore
import Wire

/// The result of parsing a connection's bytes. A body is in one piece, since
/// the places where it is cut are not part of the answer.
struct ResponseReading: Equatable, CustomStringConvertible {
    var head: ResponseHead?
    var body = ""
    var isReusable: Bool?
    var problem: String?

    var description: String {
        "\(head.map { "\($0.status) \($0.fields.fields.map { "\($0.name): \($0.value)" })" } ?? "no head") "
            + "body \"\(body)\" reusable \(isReusable.map(String.init) ?? "-") problem \(problem ?? "-")"
    }
}

/// - Parameter ends: True when the connection ends after the pieces.
func readResponse(_ pieces: [ByteBuffer], ends: Bool = false) -> ResponseReading {
    var parser = HTTPResponseParser()
    var reading = ResponseReading()
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

func readResponse(_ text: String, ends: Bool = false) -> ResponseReading {
    readResponse([ByteBuffer(string: text)], ends: ends)
}
