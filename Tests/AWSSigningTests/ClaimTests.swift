import AWSSigning
import NIOCore
import Seeded
import Testing
import Wire

@Suite struct ClaimTests {
    @Test(arguments: SignedByBotocore.all)
    func aRequestSignedByBotocoreIsProven(_ signed: SignedByBotocore) throws {
        let claim = try signed.claim()
        #expect(claim.keyID == "AKIDEXAMPLE" && claim.scope.region == signed.region)
        #expect(claim.isProven(by: signed.secret, body: signed.hash))
        #expect(!claim.isProven(by: signed.secret + "x", body: signed.hash))
        let isCovered = claim.body == .untold
        #expect(claim.isProven(by: signed.secret, body: .hash(of: ByteBuffer(string: signed.body + " "))) != isCovered)
    }

    /// The parts that a signature covers, with one byte changed.
    @Test func oneChangedByteIsRefused() throws {
        let seed = UInt64.random(in: .min ... .max)
        var chance = SplitMix(seed: seed)
        for _ in 0..<400 {
            let signed = SignedByBotocore.all.randomElement(using: &chance)!
            let authorization = try SigV4Authorization(signed.authorization)
            var request = signed.signedRequest
            var body = signed.body
            let place = Int.random(in: 0...4, using: &chance)
            switch place {
            case 0: request.path = changed(request.path, &chance)
            case 1: request.query = request.query.isEmpty ? "a" : changed(request.query, &chance)
            case 2:
                let covered = request.fields.fields.indices.filter {
                    authorization.signedNames.contains(request.fields.fields[$0].name)
                }
                let index = covered.randomElement(using: &chance)!
                request.fields.fields[index].value = changed(request.fields.fields[index].value, &chance)
            case 3:
                let index = request.fields.fields.firstIndex { $0.name == "authorization" }!
                request.fields.fields[index].value = changed(request.fields.fields[index].value, &chance)
            default: body = body.isEmpty ? "x" : changed(body, &chance)
            }
            let isUncovered = place == 4 && signed.payload == .unsigned
            let hash = SigV4Payload.hash(of: ByteBuffer(string: body))
            let claim = try? SigV4Claim(request, at: signed.seconds, rules: signed.rules)
            let isProven = claim.map { $0.keyID == "AKIDEXAMPLE" && $0.isProven(by: signed.secret, body: hash) }
            #expect(isProven ?? false == isUncovered, "seed \(seed): \(request)")
        }
    }

    /// Another letter in place of one: never white space, of which a signature
    /// covers no amounts.
    private func changed(_ text: String, _ chance: inout SplitMix) -> String {
        var bytes = Array(text.utf8)
        let places = bytes.indices.filter { bytes[$0] > 0x20 && bytes[$0] < 0x7F }
        let place = places.randomElement(using: &chance)!
        let old = bytes[place]
        repeat { bytes[place] = .random(in: 0x21...0x7E, using: &chance) } while bytes[place] == old
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: The head alone

    private let now = 1_801_418_400
    private let rules = SigV4Claim.Rules(service: "bedrock", takesUnsignedPayload: false)
    private let key = "AKID/20270131/eu-west-1/bedrock/aws4_request"
    private let signature = String(repeating: "0f", count: 32)

    private func request(
        _ authorization: String? = nil, path: String = "/model/a/converse", query: String = "",
        _ more: KeyValuePairs<String, String> = ["x-amz-date": "20270131T180000Z"]
    ) -> SigV4Request {
        var fields = HTTPFieldList(["host": "h"])
        for field in more { fields.append(field.key, field.value) }
        fields.append(
            "authorization",
            authorization
                ?? "AWS4-HMAC-SHA256 Credential=\(key), SignedHeaders=host;x-amz-date, Signature=\(signature)")
        return SigV4Request(method: "POST", path: path, query: query, fields: fields)
    }

    private func problem(_ request: SigV4Request, at now: Int? = nil) -> SigV4Problem.Kind? {
        do throws(SigV4Problem) {
            _ = try SigV4Claim(request, at: now ?? self.now, rules: rules)
            return nil
        } catch {
            #expect(!error.description.contains(signature))
            return error.kind
        }
    }

    @Test(arguments: [(0, true), (300, true), (-300, true), (301, false), (-301, false), (86_400, false)])
    func aTimeIsTakenWithinTheSkew(_ late: Int, _ isTaken: Bool) {
        #expect((problem(request(), at: now + late) == nil) == isTaken)
    }

    @Test(
        "each defect of the authorization field has its exception",
        arguments: [
            ("Bearer x", .missing),
            ("AWS4-ECDSA-P256-SHA256 Credential=K, SignedHeaders=host, Signature=S", .unsupported),
            ("AWS4-HMAC-SHA256", .incomplete),
            ("AWS4-HMAC-SHA256 Credential=K", .incomplete),
            ("AWS4-HMAC-SHA256 Credential=K, SignedHeaders=host;x-amz-date, Signature=S", .incomplete),
            ("AWS4-HMAC-SHA256 Credential=K, SignedHeaders=S", .incomplete),
            ("AWS4-HMAC-SHA256 Credential=K,Credential=K,SignedHeaders=h,Signature=S", .incomplete),
            ("AWS4-HMAC-SHA256 Credential=@, SignedHeaders=x-amz-date;host, Signature=#", .incomplete),
            ("AWS4-HMAC-SHA256 Credential=@, SignedHeaders=Host;x-amz-date, Signature=#", .incomplete),
            ("AWS4-HMAC-SHA256 Credential=@, SignedHeaders=host;host;x-amz-date, Signature=#", .incomplete),
            ("AWS4-HMAC-SHA256 Credential=@, SignedHeaders=, Signature=#", .incomplete),
            ("AWS4-HMAC-SHA256 Credential=@, SignedHeaders=host, Signature=#", .invalid),
            ("AWS4-HMAC-SHA256 Credential=@, SignedHeaders=x-amz-date, Signature=#", .invalid),
            ("AWS4-HMAC-SHA256 Credential=@, SignedHeaders=host;via;x-amz-date, Signature=#", .invalid),
            ("AWS4-HMAC-SHA256 Credential=@, SignedHeaders=host;x-amz-date, Signature=0F", .incomplete),
            (
                "AWS4-HMAC-SHA256 Credential=K/20270131/r/s3/aws4_request,SignedHeaders=host;x-amz-date,Signature=#",
                .invalid
            ),
            (
                "AWS4-HMAC-SHA256 Credential=K/20270130/r/bedrock/aws4_request,SignedHeaders=host;x-amz-date,Signature=#",
                .invalid
            ),
            ("AWS4-HMAC-SHA256 Credential=@,SignedHeaders=host;x-amz-date,Signature=#", nil),
            ("AWS4-HMAC-SHA256   Signature=#,Credential=@,  SignedHeaders=host;x-amz-date", nil),
        ] as [(String, SigV4Problem.Kind?)])
    func authorizations(_ text: String, _ kind: SigV4Problem.Kind?) {
        let text = text.replacing("@", with: key).replacing("#", with: signature)
        #expect(problem(request(text)) == kind)
    }

    @Test func aFieldThatIsLongerThanAnySignatureIsRefused() {
        #expect(problem(request("AWS4-HMAC-SHA256 " + String(repeating: "a=b,", count: 5000))) == .incomplete)
    }

    @Test(arguments: ["X-Amz-Signature=1", "a=1&x-amz-algorithm=AWS4-HMAC-SHA256", "X-Amz-Credential=K"])
    func presignedRequestsAreRefused(_ query: String) {
        #expect(problem(request(query: query)) == .unsupported)
        #expect(SigV4Claim.isMade(by: SigV4Request(method: "GET", path: "/", query: query, fields: HTTPFieldList())))
    }

    @Test(arguments: ["/model/a/../b/converse", "/model//converse", "//model/a/converse", "/model/./converse", "model"])
    func aPathWithTwoReadingsIsRefused(_ path: String) { #expect(problem(request(path: path)) == .invalid) }

    @Test(
        "a parameter that is not signed, or said twice, is refused",
        arguments: [
            (["x-amz-date": "20270131T180000Z", "x-amz-target": "t"], .invalid),
            (["x-amz-date": "20270131T180000Z", "x-amzn-bedrock-trace": "t"], .invalid),
            (["x-amz-date": "20270131T180000Z", "x-amzn-trace-id": "t"], nil),
            (["x-amz-date": "20270131T180000Z", "x-amz-date": "20270131T180000Z"], .incomplete),
            (["x-amz-date": "today"], .incomplete), ([:], .incomplete),
        ] as [(KeyValuePairs<String, String>, SigV4Problem.Kind?)])
    func parameters(_ fields: KeyValuePairs<String, String>, _ kind: SigV4Problem.Kind?) {
        #expect(problem(request(fields)) == kind)
    }

    private func request(_ fields: KeyValuePairs<String, String>) -> SigV4Request { request(nil, fields) }

    @Test(
        "a payload is signed whole, or over TLS not at all",
        arguments: [
            ("UNSIGNED-PAYLOAD", false, .unsupported), ("UNSIGNED-PAYLOAD", true, nil),
            ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", true, .unsupported),
            ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", true, .unsupported), ("abc", true, .incomplete),
            ("", true, .incomplete),
        ] as [(String, Bool, SigV4Problem.Kind?)])
    func payloads(_ told: String, _ isSecure: Bool, _ kind: SigV4Problem.Kind?) {
        let request = request(
            "AWS4-HMAC-SHA256 Credential=\(key),SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=\(signature)",
            ["x-amz-content-sha256": told, "x-amz-date": "20270131T180000Z"])
        let rules = SigV4Claim.Rules(service: "bedrock", takesUnsignedPayload: isSecure)
        var found: SigV4Problem.Kind?
        do throws(SigV4Problem) { _ = try SigV4Claim(request, at: now, rules: rules) } catch { found = error.kind }
        #expect(found == kind)
    }

    @Test func aDeclaredHashMustBeTheBodys() throws {
        let body = SigV4Payload.hash(of: ByteBuffer(string: "{}"))
        guard case .hash(let text) = body else { return }
        let fields = HTTPFieldList(["host": "h", "x-amz-content-sha256": text])
        var request = SigV4Request(method: "POST", path: "/model/a/converse", fields: fields)
        let signer = SigV4Signer(AWSCredential(keyID: "AKID", secret: "s"), region: "r", service: "bedrock")
        request.fields.fields += signer.fields(for: request, body, at: SigV4Time(seconds: now)).fields
        let claim = try SigV4Claim(request, at: now, rules: rules)
        #expect(claim.isProven(by: "s", body: body))
        #expect(!claim.isProven(by: "s", body: .empty))
    }
}
