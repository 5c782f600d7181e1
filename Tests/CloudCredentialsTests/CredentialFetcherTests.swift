import AWSSigning
import CloudCredentials
import NIOHTTP1
import Synchronization
import Testing

/// Sources that are asked wrongly, or believed too much.
@Suite struct CredentialFetcherTests {
    private static let answer =
        #"{"AccessKeyId":"ASIA1","SecretAccessKey":"S","Token":"T","Expiration":"2027-01-31T18:00:00Z"}"#
    private let expected = AWSCredential(keyID: "ASIA1", secret: "S", sessionToken: "T", expires: 1_801_418_400)

    private func fetch(
        _ choice: CredentialChoice, _ environment: [String: String]
    ) async throws(CredentialProblem) -> AWSCredential {
        let chosen = try CredentialResolution(environment: environment, region: "eu-west-1").resolve(choice)
        return try await CredentialFetcher(chosen).fetch()
    }

    @Test func aContainerShowsItsToken() async throws {
        let folder = try TestFolder()
        let token = try folder.write("token", "Bearer abc\n")
        let endpoint = try await FakeEndpoint { asked in
            asked.headers["authorization"] == ["Bearer abc"] && asked.path == "/creds" ? (200, Self.answer) : (403, "")
        }
        let environment = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.address + "/creds"]
        let file = environment.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token]) { $1 }
        #expect(try await fetch(.container, file) == expected)
        let value = environment.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer abc"]) { $1 }
        #expect(try await fetch(.container, value) == expected)
        let refused = await problem { () async throws(CredentialProblem) in try await fetch(.container, environment) }
        #expect(refused == "the container's endpoint answered with status 403")
        try await endpoint.close()
    }

    @Test func anInstanceIsAskedWithASession() async throws {
        let endpoint = try await FakeEndpoint { asked in
            switch (asked.method, asked.path) {
            case ("PUT", "/latest/api/token"):
                return asked.headers.contains(name: "x-aws-ec2-metadata-token-ttl-seconds")
                    ? (200, "session") : (400, "")
            case ("GET", _) where asked.headers["x-aws-ec2-metadata-token"] != ["session"]: return (401, "")
            case (_, "/latest/meta-data/iam/security-credentials/"): return (200, "my-role\n")
            case (_, "/latest/meta-data/iam/security-credentials/my-role"):
                return (200, Self.answer.replacing("{", with: #"{"Code":"Success","#, maxReplacements: 1))
            default: return (404, "")
            }
        }
        let environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint.address + "/"]
        #expect(try await fetch(.instance, environment) == expected)
        try await endpoint.close()
    }

    @Test(arguments: ["", "../../x", "a?b", "a b"])
    func aRoleThatIsNoneIsNotAskedFor(_ role: String) async throws {
        let endpoint = try await FakeEndpoint { asked in
            asked.method == "PUT" ? (200, "session") : asked.path.hasSuffix("/") ? (200, role) : (200, Self.answer)
        }
        let environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint.address]
        let said = await problem { () async throws(CredentialProblem) in try await fetch(.instance, environment) }
        #expect(said?.contains("has no role") == true)
        try await endpoint.close()
    }

    @Test func aWebIdentityIsExchanged() async throws {
        let folder = try TestFolder()
        let token = try folder.write("token", "header.pay+load/=.sig\n")
        let bodies = Mutex<[String]>([])
        let endpoint = try await FakeEndpoint { asked in
            bodies.withLock { $0.append(asked.body) }
            return (
                200,
                "<R><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>S</SecretAccessKey>"
                    + "<SessionToken>T</SessionToken><Expiration>2027-01-31T18:00:00Z</Expiration></Credentials></R>"
            )
        }
        let environment = [
            "AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "arn:aws:iam::1:role/r",
            "AWS_ENDPOINT_URL_STS": endpoint.address,
        ]
        #expect(try await fetch(.usual, environment) == expected)
        #expect(
            bodies.withLock { $0 } == [
                "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"
                    + "&RoleSessionName=holdfast&WebIdentityToken=header.pay%2Bload%2F%3D.sig"
            ])
        try await endpoint.close()
    }

    @Test func noRedirectIsFollowed() async throws {
        let endpoint = try await FakeEndpoint { _ in (302, "") }
        let environment = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.address]
        let said = await problem { () async throws(CredentialProblem) in try await fetch(.container, environment) }
        #expect(said == "the container's endpoint answered with status 302")
        try await endpoint.close()
    }

    @Test func nobodyThereIsSaidSo() async {
        let environment = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"]
        let said = await problem { () async throws(CredentialProblem) in try await fetch(.container, environment) }
        #expect(said?.contains("can't be asked") == true)
    }

    @Test func aProgramGetsItsArgumentsAsTheyAre() async throws {
        let script = #"printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"S"}' "$1""#
        let credential = try await fetch(.process(["/bin/sh", "-c", script, "sh", "$HOME;x"]), [:])
        #expect(credential.keyID == "$HOME;x")
    }

    @Test(
        arguments: [
            (["/bin/sh", "-c", "echo first >&2; echo 'no session' >&2; exit 3"], "it said: no session"),
            (["/bin/sh", "-c", "echo hidden"], "no JSON"), (["/nonexistent/program"], "can't be run"),
            (["/bin/sh", "-c", "head -c 100000 /dev/zero"], "gave no credential"),
        ] as [([String], String)])
    func aProgramThatFailsIsToldOf(_ words: [String], _ reason: String) async {
        let said = await problem { () async throws(CredentialProblem) in try await fetch(.process(words), [:]) }
        #expect(said?.contains(reason) == true, "\(said ?? "nothing")")
        #expect(said?.contains("hidden") == false)
    }

    @Test func aProfileIsReadAnewEachTime() async throws {
        let folder = try TestFolder()
        let file = try folder.write("credentials", "[work]\naws_access_key_id = A\naws_secret_access_key = B\n")
        let chosen = try CredentialResolution(
            environment: ["AWS_SHARED_CREDENTIALS_FILE": file, "HOME": folder.path], region: "eu-west-1"
        ).resolve(.profile("work"))
        #expect(try await CredentialFetcher(chosen).fetch() == AWSCredential(keyID: "A", secret: "B"))
        _ = try folder.write(
            "credentials", "[work]\naws_access_key_id = A2\naws_secret_access_key = B2\naws_session_token = C2\n")
        #expect(
            try await CredentialFetcher(chosen).fetch() == AWSCredential(keyID: "A2", secret: "B2", sessionToken: "C2"))
    }
}
