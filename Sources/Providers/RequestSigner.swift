import Gateway
package import NIOCore
package import Wire

/// The proof that a lane's requests may use the provider's account.
package enum RequestSigner: Sendable {
    /// The provider asks for none, or the operator's own fields have it.
    case none
    /// The same header field in every request, e.g. a bearer or an `x-api-key`.
    /// Written once for each lane, so that it costs a request nothing.
    case field(name: String, value: String)
    /// Header fields that are made for each request, out of the request.
    case each(any EachRequestSigner)

    /// The fields that are the same in every request.
    var fixedFields: [(name: String, value: String)] {
        switch self {
        case .none, .each: []
        case .field(let name, let value): [(name, value)]
        }
    }
}

/// A signer whose proof covers the request that it is for.
///
/// Asked on the request's event loop just before the request goes out: it waits
/// for nothing, and takes its keys out of memory.
package protocol EachRequestSigner: Sendable {
    /// The names of the fields that it makes, in lower case: no request can
    /// bring its own.
    var names: Set<String> { get }
    func sign(_ request: UnsignedRequest) -> HTTPFieldList
}

/// A request as a signer sees it: as it goes out, without what the signer adds.
package struct UnsignedRequest: Sendable {
    package let method: String
    /// With the prefix of the provider's base address, and as it goes out:
    /// its escapes stay.
    package let path: String
    /// Without its question mark, empty where there is none.
    package let query: String
    /// In the order in which they go out, `host` first; without those of the
    /// body's length. Names are in lower case.
    package let fields: HTTPFieldList
    package let body: ByteBuffer

    init(_ request: LaneRequest, below base: String, fields: HTTPFieldList) {
        method = request.method
        let mark = request.path.utf8.firstIndex(of: UInt8(ascii: "?"))
        path = base + request.path[..<(mark ?? request.path.endIndex)]
        query = mark.map { String(request.path[request.path.utf8.index(after: $0)...]) } ?? ""
        self.fields = fields
        body = request.body
    }
}
