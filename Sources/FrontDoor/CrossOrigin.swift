import Atomics
import Conversation
import Encodings
import Gateway
import NIOCore
import NIOHTTP1
import Synchronization
import Wire

/// The origin rules that are in force: an edit of the settings replaces them.
package final class OriginPolicy: Sendable {
    private let rules: Mutex<OriginRules>
    /// Nearly nobody has rules: then a request asks no lock.
    private let isActive: ManagedAtomic<Bool>

    package init(_ rules: OriginRules = OriginRules()) {
        self.rules = Mutex(rules)
        isActive = ManagedAtomic(!rules.isEmpty)
    }

    package func replace(with rules: OriginRules) {
        self.rules.withLock { $0 = rules }
        isActive.store(!rules.isEmpty, ordering: .releasing)
    }

    var current: OriginRules? {
        isActive.load(ordering: .acquiring) ? rules.withLock { $0 } : nil
    }
}

/// The header fields that allow a page of another origin to use the answer in a
/// browser (Fetch Standard §3.3).
enum CrossOrigin {
    /// Fields that a page may read beside those that it always may.
    private static let exposed =
        "x-request-id, request-id, retry-after, retry-after-ms, x-should-retry, x-holdfast-served-by, "
        + "x-holdfast-stands-in-for, x-holdfast-attempts, x-holdfast-dropped, x-holdfast-custody, x-holdfast-supervision, "
        + "x-holdfast-provider-request-id, deprecation, sunset, link"

    /// - Parameter origin: nil where it isn't allowed, or none was sent.
    static func fields(for origin: String?) -> HTTPFieldList {
        var fields = HTTPFieldList()
        // Also without one: whoever keeps the answer must not give it to all.
        fields.append("vary", "Origin")
        if let origin {
            fields.append("access-control-allow-origin", origin)
            fields.append("access-control-expose-headers", exposed)
        }
        return fields
    }

    /// Tells whether a browser asks what a page may send before it sends it.
    static func isPreflight(_ head: HTTPRequestHead) -> Bool {
        head.method == .OPTIONS && head.headers.contains(name: "origin")
            && head.headers.contains(name: "access-control-request-method")
    }

    static func preflightAnswer(for origin: String, _ headers: HTTPHeaders, id: String) -> Answer {
        var head = ResponseHead(status: 204)
        head.fields.append("x-request-id", id)
        head.fields.append("access-control-allow-origin", origin)
        head.fields.append("access-control-allow-methods", "GET, HEAD, POST, OPTIONS")
        head.fields.append("access-control-allow-headers", allowed(headers))
        head.fields.append("access-control-max-age", "600")
        head.fields.append("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
        return Answer(head, .init())
    }

    /// Clients send fields of their own (`x-stainless-…`), so whatever is
    /// asked for is allowed where it is a field's name: the key decides.
    private static func allowed(_ headers: HTTPHeaders) -> String {
        let known = ["authorization", "content-type", "x-api-key", "anthropic-version", "anthropic-beta"]
        var names = known
        for value in headers["access-control-request-headers"] where value.utf8.count <= 4096 {
            for name in value.split(separator: ",") {
                let name = String(name).trimmed.lowercased()
                if HTTPFieldRules.isValidName(name), names.count < 64, !names.contains(name) { names.append(name) }
            }
        }
        return names.joined(separator: ", ")
    }

    static func problem(_ objection: OriginRules.Objection) -> APIProblem {
        switch objection {
        case .host(let host):
            APIProblem(
                .forbidden,
                "This Holdfast asks for no keys, so it answers only under names of this machine, and not as "
                    + "\(Printable.excerpt(host)); list the name under `hosts`, or use keys.", code: "unknown_host")
        case .origin(let origin):
            APIProblem(
                .forbidden,
                "This Holdfast asks for no keys, so pages of other places may not use it, and this one is of "
                    + "\(Printable.excerpt(origin)); list it under `cors: {origins: […]}` or `hosts`, or use keys.",
                code: "unknown_origin")
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.utf8.first == 0x20 || text.utf8.first == 0x09 { text = text.dropFirst() }
        while text.utf8.last == 0x20 || text.utf8.last == 0x09 { text = text.dropLast() }
        return String(text)
    }
}

extension HTTPFieldList {
    /// Adds those of which none is there yet.
    mutating func add(missing others: HTTPFieldList) {
        for field in others.fields where self[field.name] == nil { fields.append(field) }
    }
}
