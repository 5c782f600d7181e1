import AWSSigning
import CloudCredentials
import NIOCore
import Testing

@Suite struct DocumentTests {
    private func read(_ text: String, version: Bool = true) throws(CredentialProblem) -> AWSCredential {
        try CredentialDocument.read(
            ByteBuffer(string: text), from: "the command", tokenName: "SessionToken", needsVersion: version)
    }

    @Test func aProgramPrintsACredential() throws {
        let credential = try read(
            #"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"B","SessionToken":"C","Expiration":"2027-01-31T18:00:00Z"}"#
        )
        #expect(credential == AWSCredential(keyID: "A", secret: "B", sessionToken: "C", expires: 1_801_418_400))
        #expect(try read(#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"B"}"#).expires == nil)
    }

    @Test(
        arguments: [
            "", "null", "[]", "{}", #"{"Version":2,"AccessKeyId":"A","SecretAccessKey":"hidden"}"#,
            #"{"Version":1,"AccessKeyId":"A"}"#, #"{"Version":1,"AccessKeyId":"","SecretAccessKey":"hidden"}"#,
            #"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"hidden","Expiration":"soon"}"#,
            #"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"hidden\n"}"#,
            #"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"hidden","SessionToken":"a b"}"#,
            #"{"Version":1,"AccessKeyId":"A/B","SecretAccessKey":"hidden"}"#,
            #"{"Code":"AssumeRoleUnauthorizedAccess","Message":"hidden"}"#, "hidden",
        ])
    func whatIsNoCredentialIsRefusedWithoutBeingRepeated(_ text: String) {
        let said = problem { () throws(CredentialProblem) in try read(text) }
        #expect(said?.contains("the command") == true)
        #expect(said?.contains("hidden") == false)
    }

    private static let sts = """
        <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
          <AssumeRoleWithWebIdentityResult>
            <SubjectFromWebIdentityToken>x</SubjectFromWebIdentityToken>
            <Credentials><SessionToken>T</SessionToken><SecretAccessKey>S</SecretAccessKey>
              <Expiration>2027-01-31T18:00:00Z</Expiration><AccessKeyId>ASIA</AccessKeyId></Credentials>
          </AssumeRoleWithWebIdentityResult>
        </AssumeRoleWithWebIdentityResponse>
        """

    @Test func aTokenIsExchanged() throws {
        let credential = try STSExchange.read(status: 200, ByteBuffer(string: Self.sts))
        #expect(credential == AWSCredential(keyID: "ASIA", secret: "S", sessionToken: "T", expires: 1_801_418_400))
    }

    @Test func aCutAnswerIsNoCredential() {
        let text = Self.sts
        let end = text.utf8.count - text.utf8.reversed().prefix { $0 != UInt8(ascii: "C") }.count
        for length in 0..<min(end, text.utf8.count) {
            let cut = String(decoding: text.utf8.prefix(length), as: UTF8.self)
            guard !cut.contains("</Credentials>") else { break }
            #expect(
                problem { () throws(CredentialProblem) in try STSExchange.read(status: 200, ByteBuffer(string: cut)) }
                    != nil)
        }
    }

    @Test func aRefusalOfSTSIsNamedByItsCode() {
        let body =
            "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>hidden</Message></Error></ErrorResponse>"
        let said = problem { () throws(CredentialProblem) in try STSExchange.read(status: 400, ByteBuffer(string: body))
        }
        #expect(said == "STS answered with status 400: InvalidIdentityToken")
    }
}
