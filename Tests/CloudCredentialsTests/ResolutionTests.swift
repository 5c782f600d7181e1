import AWSSigning
import CloudCredentials
import Testing

/// The credential of another account than the one that was configured.
@Suite struct ResolutionTests {
    private func resolve(_ environment: [String: String]) throws(CredentialProblem) -> ChosenCredentials {
        try resolve(.usual, environment)
    }

    private func resolve(
        _ choice: CredentialChoice, _ environment: [String: String]
    ) throws(CredentialProblem) -> ChosenCredentials {
        var environment = environment
        if environment["HOME"] == nil { environment["HOME"] = "/nonexistent" }
        return try CredentialResolution(environment: environment, region: "eu-west-1").resolve(choice)
    }

    private static let key = ["AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s3cret"]
    private static let web = ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"]
    private static let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/1"]

    @Test func theFirstConfiguredSourceIsTaken() throws {
        let all = Self.key.merging(Self.web) { $1 }.merging(Self.container) { $1 }
        #expect(try resolve(all).identity == "key:AKIAEXAMPLE")
        let roles = Self.web.merging(Self.container) { $1 }
        #expect(try resolve(roles).identity == "role:arn:aws:iam::1:role/r")
        #expect(try resolve(Self.container).identity == "container:http://169.254.170.2/v2/credentials/1")
        #expect(try resolve([:]).identity == "instance")
    }

    @Test func aProfileComesBeforeTheContainer() throws {
        let folder = try TestFolder()
        let file = try folder.write("credentials", "[default]\naws_access_key_id = A\naws_secret_access_key = B\n")
        let environment = Self.container.merging(["AWS_SHARED_CREDENTIALS_FILE": file]) { $1 }
        #expect(try resolve(environment).identity == "profile:default")
    }

    @Test func aFailingSourceIsNotPassedOver() {
        // Half a key, a role without a name, a profile that isn't there: each before a source that would work.
        for half in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            let said = problem { () throws(CredentialProblem) in try resolve([half: "x"].merging(Self.container) { $1 })
            }
            #expect(said?.contains("set both, or neither") == true)
        }
        let noRole = problem { () throws(CredentialProblem) in
            try resolve(["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"].merging(Self.container) { $1 })
        }
        #expect(noRole?.contains("AWS_ROLE_ARN is not set") == true)
        let noProfile = problem { () throws(CredentialProblem) in
            try resolve(["AWS_PROFILE": "gone"].merging(Self.container) { $1 })
        }
        #expect(noProfile?.contains("there is no profile gone") == true)
    }

    @Test func aNamedSourceIsTheOnlyOne() {
        for (choice, words) in [
            (CredentialChoice.environment, "are not set"), (.container, "is set"),
            (.webIdentity(roleARN: nil, tokenFile: nil, sessionName: nil), "AWS_WEB_IDENTITY_TOKEN_FILE is not set"),
            (.profile("work"), "there is no profile work"),
        ] {
            let said = problem { () throws(CredentialProblem) in try resolve(choice, [:]) }
            #expect(said?.contains(words) == true, "\(choice)")
        }
    }

    @Test func withoutAnySourceTheReaderLearnsWhatToDo() {
        let said = problem { () throws(CredentialProblem) in try resolve(["AWS_EC2_METADATA_DISABLED": "TRUE"]) }
        #expect(said?.contains("no AWS credential is configured") == true)
    }

    @Test(
        arguments: [
            ("sso_session = corp", "SSO"), ("sso_start_url = https://x.awsapps.com/start", "SSO"),
            ("role_arn = arn:aws:iam::1:role/r\nsource_profile = base", "role_arn"),
            ("role_arn = arn:aws:iam::1:role/r\ncredential_source = Environment", "role_arn"),
            ("login_session = arn:aws:iam::1:user/u", "login_session"),
        ])
    func aProfileOfAmazonsClientIsRefusedByName(_ settings: String, _ word: String) throws {
        let folder = try TestFolder()
        let file = try folder.write("config", "[profile work]\n\(settings)\n")
        let said = problem { () throws(CredentialProblem) in try resolve(.profile("work"), ["AWS_CONFIG_FILE": file]) }
        #expect(said?.contains(word) == true)
        #expect(said?.contains("{process: [aws, configure, export-credentials, --profile, work]}") == true)
    }

    @Test func aProfileMayNameAProgramOrAToken() throws {
        let folder = try TestFolder()
        let file = try folder.write(
            "config",
            """
            [default]
            credential_process = /opt/bin/get "a b" c
            [profile pods]
            role_arn = arn:aws:iam::1:role/r
            web_identity_token_file = /token
            """)
        let environment = ["AWS_CONFIG_FILE": file]
        #expect(try resolve(environment).source == .process(["/opt/bin/get", "a b", "c"]))
        let pods = try resolve(.profile("pods"), environment)
        guard case .webIdentity(let identity) = pods.source else {
            Issue.record("\(pods)")
            return
        }
        #expect(identity.tokenFile == "/token")
        #expect(identity.endpoint.text == "https://sts.eu-west-1.amazonaws.com")
        #expect(identity.sessionName == "holdfast")
    }

    @Test func aRenewedKeyIsTheSameIdentity() throws {
        let temporary = Self.key.merging(["AWS_SESSION_TOKEN": "one"]) { $1 }
        let other = ["AWS_ACCESS_KEY_ID": "ASIA2", "AWS_SECRET_ACCESS_KEY": "t", "AWS_SESSION_TOKEN": "two"]
        #expect(try resolve(temporary).identity == resolve(other).identity)
        #expect(try resolve(Self.key).identity != resolve(other).identity)
    }

    @Test func credentialsComeOverHTTPSOrFromThisMachine() {
        for (variable, value) in [
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/c"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.2@example.com/c"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://10.0.0.1"),
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@example.com/c"),
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ".example.com/c"),
        ] {
            let said = problem { () throws(CredentialProblem) in try resolve([variable: value]) }
            #expect(said != nil, "\(value)")
        }
    }
}
