import AWSSigning
import Testing
import Wire

@Suite struct SignerTests {
    @Test(arguments: SignedByBotocore.all)
    func theCanonicalRequestIsBotocores(_ signed: SignedByBotocore) throws {
        let names = try SigV4Authorization(signed.authorization).signedNames
        #expect(CanonicalRequest(signed.request, signedNames: names).text(signed.payload) == signed.canonical)
    }

    @Test(arguments: SignedByBotocore.all)
    func theSignatureIsBotocoresByteForByte(_ signed: SignedByBotocore) {
        let credential = AWSCredential(keyID: "AKIDEXAMPLE", secret: signed.secret, sessionToken: signed.token)
        let signer = SigV4Signer(credential, region: signed.region, service: signed.service, coverage: .all)
        let time = SigV4Time(seconds: signed.seconds)
        let added = signer.fields(for: signed.request, signed.payload, at: time)
        #expect(added["authorization"] == signed.authorization)
        #expect(added["x-amz-date"] == signed.request.fields["x-amz-date"])
        #expect(added["x-amz-security-token"] == signed.token)
        let kept = signer.fields(for: signed.request, signed.payload, at: time, key: signer.key(at: time))
        #expect(kept == added)
    }

    @Test func essentialFieldsAloneAreSigned() throws {
        let signer = SigV4Signer(AWSCredential(keyID: "AKID", secret: "s"), region: "us-east-1", service: "bedrock")
        let request = SigV4Request(
            method: "POST", path: "/model/a/converse",
            fields: HTTPFieldList([
                "host": "h", "user-agent": "holdfast", "accept": "*/*", "content-type": "application/json",
                "x-amzn-bedrock-trace": "ENABLED", "x-amzn-trace-id": "1",
            ]))
        let added = signer.fields(for: request, .empty, at: SigV4Time(seconds: 0))
        let names = try SigV4Authorization(#require(added["authorization"])).signedNames
        #expect(names == ["content-type", "host", "x-amz-date", "x-amzn-bedrock-trace"])
    }

    @Test func aRequestsOwnSignatureIsReplaced() throws {
        let signer = SigV4Signer(AWSCredential(keyID: "AKID", secret: "s"), region: "us-east-1", service: "bedrock")
        let plain = SigV4Request(method: "GET", path: "/", fields: HTTPFieldList(["host": "h"]))
        var old = plain
        for name in SigV4Signer.names { old.fields.append(name, "old") }
        let time = SigV4Time(seconds: 1_800_000_000)
        #expect(signer.fields(for: old, .empty, at: time) == signer.fields(for: plain, .empty, at: time))
    }

    @Test(arguments: [
        ("", "/"), ("/", "/"), ("/a/../b", "/b"), ("/a//b/./c/", "/a/b/c/"), ("/../..", "/"), ("/a%2Fb", "/a%252Fb"),
        ("/a b", "/a%20b"), ("/ü", "/%C3%BC"), ("/a:b+c", "/a%3Ab%2Bc"),
    ])
    func aPathHasOneSpelling(_ raw: String, _ canonical: String) { #expect(CanonicalRequest.path(raw) == canonical) }

    @Test(arguments: [("20270131T180000Z", 1_801_418_400), ("20240229T235960Z", 1_709_251_200)])
    func timesAreRead(_ text: String, _ seconds: Int) { #expect(SigV4Time(text)?.seconds == seconds) }

    @Test(arguments: [
        "", "20270131T180000", "20270131T180000z", "20270230T180000Z", "2027-01-31T18:00Z", "20270131T250000Z",
        "+0270131T180000Z", "２0270131T1800Z",
    ])
    func noOtherTextIsATime(_ text: String) { #expect(SigV4Time(text) == nil) }

    @Test func inboundSecretsDependOnAllThree() {
        let key = [UInt8](repeating: 7, count: 32)
        let secret = InboundSecret.derive(serverKey: key, salt: [1, 2], id: "HF1")
        #expect(secret == InboundSecret.derive(serverKey: key, salt: [1, 2], id: "HF1"))
        #expect(secret.utf8.count == 40)
        let others = [
            InboundSecret.derive(serverKey: key, salt: [1, 3], id: "HF1"),
            InboundSecret.derive(serverKey: key, salt: [1, 2], id: "HF2"),
            InboundSecret.derive(serverKey: [UInt8](repeating: 8, count: 32), salt: [1, 2], id: "HF1"),
        ]
        #expect(!others.contains(secret) && Set(others).count == 3)
    }

    /// hashlib and hmac of Python: HKDF of RFC 5869 over 32 bytes of 7, the salt
    /// 0102 and the info `holdfast/sigv4/v1/HF1`, 30 bytes.
    @Test func inboundSecretsAreHKDFs() {
        let secret = InboundSecret.derive(serverKey: [UInt8](repeating: 7, count: 32), salt: [1, 2], id: "HF1")
        #expect(secret == "k3FHl5M1YZYMxUti+Y8fNQbg6i9qN4dCxY9EITqp")
    }
}
