import AWSSigning
import Access
import GatewayTesting
import NIOCore
import Wire

/// A caller that signs its requests, and may sign them wrongly.
struct SignedCaller: Sendable {
    static let serverKeys = ServerKeys([1: Array(repeating: 7, count: 32)])
    private static let seed = SigningSeed(salt: Array(repeating: 1, count: SigningSeed.saltLength), version: 1)

    let id = SigningKeyID()
    var region = "eu-west-1"
    var service = "bedrock"
    /// By its own clock.
    var now = Int(TestGateway.year2020.seconds)
    var method = "POST"
    var sessionToken: String?

    func record(_ change: (inout KeyRecord) -> Void = { _ in }) -> KeyRecord {
        var record = KeyRecord(name: "signs", id: id, seed: Self.seed, created: TestGateway.year2020)
        change(&record)
        return record
    }

    /// A signed request.
    /// - Parameters:
    ///   - target: The path, and the query behind a question mark.
    ///   - fields: More fields, which are signed.
    func head(
        _ target: String, body: String, fields more: [(String, String)] = [], payload: SigV4Payload? = nil
    ) -> HTTPFieldList {
        var fields = HTTPFieldList()
        fields.append("host", "x")
        for (name, value) in more { fields.append(name, value) }
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        let secret = Self.serverKeys.secret(of: id.text, Self.seed) ?? ""
        let signed = SigV4Signer(
            AWSCredential(keyID: id.text, secret: secret, sessionToken: sessionToken), region: region, service: service
        )
        .fields(
            for: SigV4Request(
                method: method, path: parts[0], query: parts.count > 1 ? parts[1] : "", fields: fields),
            payload ?? .hash(of: ByteBuffer(string: body)), at: SigV4Time(seconds: now))
        for field in signed.fields { fields.append(field.name, field.value) }
        return fields
    }

    func text(_ target: String, _ fields: HTTPFieldList, body: String, length: Bool = true) -> String {
        var text = "\(method) \(target) HTTP/1.1\r\n"
        for field in fields.fields { text += "\(field.name): \(field.value)\r\n" }
        if length { text += "content-length: \(body.utf8.count)\r\n" }
        return text + "\r\n" + body
    }

    func request(
        _ target: String, body: String, fields: [(String, String)] = [], payload: SigV4Payload? = nil
    ) -> String {
        text(target, head(target, body: body, fields: fields, payload: payload), body: body)
    }
}
