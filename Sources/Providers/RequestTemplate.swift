import Gateway
import NIOCore
import Wire

/// The head of a request; all but a few bytes are the same every time.
struct RequestTemplate: Sendable {
    private let target: String
    private let fixed: ByteBuffer
    private let defaults: [(name: String, value: String)]
    /// The names of fields that the settings set: no request may override them.
    private let pinned: Set<String>
    /// The signer of each request, with the fields of ``fixed`` that it sees;
    /// nil where a credential is among those, or there is none.
    private let signing: (signer: any EachRequestSigner, path: String, fields: HTTPFieldList)?

    init(_ options: LaneOptions) {
        var base = options.basePath
        while base.hasSuffix("/") { base.removeLast() }
        let path = base
        var fields = ByteBuffer()
        var seen = HTTPFieldList()
        func add(_ name: String, _ value: String) {
            fields.writeString("\(name): \(value)\r\n")
            seen.append(name.lowercased(), value)
        }
        let own = options.signer.fixedFields + options.fields
        let pinned = Set(own.map { $0.name.lowercased() })
        add("host", options.authority)
        for (name, value) in Self.usual where !pinned.contains(name) { add(name, value) }
        for field in own { add(field.name, field.value) }
        if case .each(let signer) = options.signer {
            signing = (signer, path, seen)
            self.pinned = pinned.union(signer.names)
        } else {
            signing = nil
            self.pinned = pinned
        }
        // A plain target behind a proxy is named in full.
        if let proxy = options.proxy, options.tls == nil {
            base = "http://\(options.authority)" + base
            // For the proxy alone, so that no signature covers it.
            if let authorization = proxy.authorization { add("proxy-authorization", authorization) }
        }
        target = base
        fixed = fields
        defaults = options.defaultFields.filter { !pinned.contains($0.name) }
    }

    private static let usual: KeyValuePairs = [
        "user-agent": "holdfast", "accept": "application/json, text/event-stream", "accept-encoding": "identity",
    ]

    func head(for request: LaneRequest) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(
            capacity: fixed.readableBytes + 256 + min(request.body.readableBytes, 8 << 10))
        buffer.writeString(request.method)
        buffer.writeStaticString(" ")
        buffer.writeString(target)
        buffer.writeString(request.path)
        buffer.writeStaticString(" HTTP/1.1\r\n")
        buffer.writeImmutableBuffer(fixed)
        for field in request.fields.fields where !pinned.contains(field.name) {
            Self.write(field.name, field.value, to: &buffer)
        }
        for field in defaults where request.fields[field.name] == nil {
            Self.write(field.name, field.value, to: &buffer)
        }
        if request.method != "GET" {
            if !pinned.contains("content-type") { buffer.writeStaticString("content-type: application/json\r\n") }
            buffer.writeStaticString("content-length: ")
            buffer.writeString(String(request.body.readableBytes))
            buffer.writeStaticString("\r\n")
        }
        if let signing {
            let unsigned = UnsignedRequest(request, below: signing.path, fields: fields(of: request, signing.fields))
            for field in signing.signer.sign(unsigned).fields { Self.write(field.name, field.value, to: &buffer) }
        }
        buffer.writeStaticString("\r\n")
        return buffer
    }

    /// The fields of a request as ``head(for:)`` writes them.
    private func fields(of request: LaneRequest, _ fixed: HTTPFieldList) -> HTTPFieldList {
        var fields = fixed
        for field in request.fields.fields where !pinned.contains(field.name) { fields.append(field.name, field.value) }
        for field in defaults where request.fields[field.name] == nil { fields.append(field.name, field.value) }
        if request.method != "GET", !pinned.contains("content-type") {
            fields.append("content-type", "application/json")
        }
        fields.fields.removeAll { !Self.isWritten($0.name, $0.value) }
        return fields
    }

    /// Returns whether a field is written: none may start another inside it.
    private static func isWritten(_ name: String, _ value: String) -> Bool {
        HTTPFieldRules.isValidName(name) && HTTPFieldRules.isValidValue(value)
    }

    private static func write(_ name: String, _ value: String, to buffer: inout ByteBuffer) {
        guard isWritten(name, value) else { return }
        buffer.writeString(name)
        buffer.writeStaticString(": ")
        buffer.writeString(value)
        buffer.writeStaticString("\r\n")
    }
}
