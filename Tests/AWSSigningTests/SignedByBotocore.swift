import AWSSigning
import FoundationEssentials
import NIOCore
import Testing
import Wire

/// A request of Tests/Fixtures/bedrock/signatures.json, as botocore signed it.
struct SignedByBotocore: Decodable, Sendable, CustomTestStringConvertible {
    var method: String
    var path: String
    var query: String
    var headers: [[String]]
    var body: String
    var secret: String
    var token: String?
    var region: String
    var service: String
    var seconds: Int
    var canonical: String
    var authorization: String

    static let all: [SignedByBotocore] = {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try! Data(contentsOf: tests.appending(path: "Fixtures/bedrock/signatures.json"))
        return try! JSONDecoder().decode([SignedByBotocore].self, from: data)
    }()

    var testDescription: String { "\(method) \(path)" }

    /// Without the signature.
    var request: SigV4Request {
        var fields = HTTPFieldList()
        for header in headers { fields.append(header[0], header[1]) }
        return SigV4Request(method: method, path: path, query: query, fields: fields)
    }

    /// As it crosses the wire.
    var signedRequest: SigV4Request {
        var request = request
        request.fields.append("authorization", authorization)
        return request
    }

    /// The hash of the body as it came.
    var hash: SigV4Payload { .hash(of: ByteBuffer(string: body)) }

    /// The part of the signature for the body.
    var payload: SigV4Payload { request.fields["x-amz-content-sha256"] == nil ? hash : .unsigned }

    var rules: SigV4Claim.Rules { SigV4Claim.Rules(service: service, takesUnsignedPayload: true) }

    func claim(at now: Int? = nil) throws(SigV4Problem) -> SigV4Claim {
        try SigV4Claim(signedRequest, at: now ?? seconds, rules: rules)
    }
}
