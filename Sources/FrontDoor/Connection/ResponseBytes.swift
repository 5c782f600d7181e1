import Glibc
import NIOCore
import Wire

/// Writes response heads as bytes (RFC 9112 §4, §6, §7.1).
enum ResponseBytes {
    enum Framing {
        case length(Int)
        case chunked
        /// For HTTP/1.0 callers: the connection's end is the body's.
        case untilClose
    }

    static func head(_ head: ResponseHead, _ framing: Framing, close: Bool, date: String, bodyRoom: Int = 0)
        -> ByteBuffer
    {
        var buffer = ByteBufferAllocator().buffer(capacity: 512 + bodyRoom)
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(head.status))
        buffer.writeStaticString(" ")
        buffer.writeStaticString(reason(head.status))
        buffer.writeStaticString("\r\ndate: ")
        buffer.writeString(date)
        buffer.writeStaticString("\r\n")
        for field in head.fields.fields where HTTPFieldRules.isValidValue(field.value) {
            buffer.writeString(field.name)
            buffer.writeStaticString(": ")
            buffer.writeString(field.value)
            buffer.writeStaticString("\r\n")
        }
        switch framing {
        // An answer that can have no body has no length of one (RFC 9110 §8.6).
        case .length where head.status == 204: break
        case .length(let length):
            buffer.writeStaticString("content-length: ")
            buffer.writeString(String(length))
            buffer.writeStaticString("\r\n")
        case .chunked: buffer.writeStaticString("transfer-encoding: chunked\r\n")
        case .untilClose: break
        }
        if close { buffer.writeStaticString("connection: close\r\n") }
        buffer.writeStaticString("\r\n")
        return buffer
    }

    static func chunk(_ bytes: ByteBuffer) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: bytes.readableBytes + 16)
        buffer.writeString(String(bytes.readableBytes, radix: 16))
        buffer.writeStaticString("\r\n")
        buffer.writeImmutableBuffer(bytes)
        buffer.writeStaticString("\r\n")
        return buffer
    }

    static let lastChunk = ByteBuffer(string: "0\r\n\r\n")

    private static func reason(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "Content Too Large"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 529: "Overloaded"
        default: "Status"
        }
    }
}

/// The `date` field, made once a second (RFC 9110 §6.6.1). One per event
/// loop.
final class DateField {
    private var second = 0
    private var text = ""

    func now() -> String {
        let now = time(nil)
        if now != second {
            second = now
            text = HTTPDate.text(now)
        }
        return text
    }
}
