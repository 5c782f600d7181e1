package import Wire

/// A request in the form in which it crosses the wire, all that a signature
/// covers but the body.
package struct SigV4Request: Sendable {
    package var method: String
    /// The path's bytes as they are sent, escapes and all, without the query.
    package var path: String
    /// Without its question mark; empty where there is none.
    package var query: String
    /// With `host`. Names are in lower case.
    package var fields: HTTPFieldList

    package init(method: String, path: String, query: String = "", fields: HTTPFieldList) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
    }

    /// The fields that botocore never signs: proxies change them on the way,
    /// or they are the signature itself.
    package static func isSignable(_ name: String) -> Bool {
        switch name {
        case "authorization", "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "te",
            "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id":
            false
        default: true
        }
    }

    /// Returns whether a signature has to cover a field: who is asked, and all
    /// that AWS reads as a parameter.
    package static func mustBeSigned(_ name: String) -> Bool {
        name == "host" || name.hasPrefix("x-amz-") || name.hasPrefix("x-amzn-bedrock-")
    }
}
