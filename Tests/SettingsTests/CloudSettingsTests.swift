import Settings
import Testing

private func cloud(
    _ more: String, environment: [String: String] = [:]
) -> (remote: RemoteProvider?, region: String?, errors: [String], skipped: String?) {
    let reading = read(
        """
        providers:
          p:
            dialect: bedrock
        \(more.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n"))
        """, environment: environment)
    guard let provider = reading.settings?.providers.first, case .remote(let remote) = provider.kind else {
        return (nil, nil, reading.errors.map(\.message), nil)
    }
    return (remote, provider.region, reading.errors.map(\.message), provider.unavailable)
}

@Suite struct CloudSettingsTests {
    @Test(
        arguments: [
            ("us-east-1", "amazonaws.com"), ("cn-north-1", "amazonaws.com.cn"), ("us-gov-west-1", "amazonaws.com"),
            ("eusc-de-east-1", "amazonaws.eu"),
        ])
    func theRegionTellsTheAddresses(_ region: String, _ suffix: String) throws {
        let read = cloud("region: \(region)")
        let remote = try #require(read.remote)
        #expect(remote.baseURL.text == "https://bedrock-runtime.\(region).\(suffix)")
        #expect(remote.cloud?.controlURL?.text == "https://bedrock.\(region).\(suffix)")
        #expect(remote.cloud?.credentials == .usual)
        #expect(read.region == region)
    }

    @Test func anAddressOfOnesOwnHasNoListUnlessItIsNamed() throws {
        let own = try #require(cloud("region: us-east-1\nbase_url: https://vpce.example").remote)
        #expect(own.baseURL.text == "https://vpce.example")
        #expect(own.cloud?.controlURL == nil)
        let named = cloud("region: us-east-1\nbase_url: https://a.example\ncontrol_url: https://b.example").remote
        #expect(named?.cloud?.controlURL?.text == "https://b.example")
    }

    @Test func theRegionOfResidencyMayHaveAnotherName() {
        let read = cloud("region: eu\naws_region: eu-central-1")
        #expect(read.remote?.cloud?.region == "eu-central-1")
        #expect(read.region == "eu")
    }

    @Test func theEnvironmentNamesTheRegion() {
        let read = cloud("lab: x", environment: ["AWS_DEFAULT_REGION": "eu-west-1"])
        #expect(read.remote?.cloud?.region == "eu-west-1")
        #expect(read.region == "eu-west-1")
        let both = ["AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "eu-west-1"]
        #expect(cloud("lab: x", environment: both).remote?.cloud?.region == "us-west-2")
    }

    @Test(
        arguments: [
            ("environment", .environment), ("container", .container), ("instance", .instance),
            ("web_identity", .webIdentity(roleARN: nil, tokenFile: nil, sessionName: nil)),
            ("{profile: work}", .profile("work")),
            ("{process: [aws, x y, $$HOME]}", .process(["aws", "x y", "$HOME"])),
            (
                "{web_identity: {role_arn: 'arn:aws:iam::1:role/r', token_file: /t, session_name: s}}",
                .webIdentity(roleARN: "arn:aws:iam::1:role/r", tokenFile: "/t", sessionName: "s")
            ),
            (
                "{access_key_id: AKIA, secret_access_key: s, session_token: t}",
                .keys(id: Secret("AKIA"), secret: Secret("s"), sessionToken: Secret("t"))
            ),
        ] as [(String, CloudCredentialSettings)])
    func eachSourceIsRead(_ text: String, _ expected: CloudCredentialSettings) {
        let read = cloud("region: us-east-1\ncredentials: \(text)")
        #expect(read.remote?.cloud?.credentials == expected, "\(read.errors)")
    }

    @Test func aKeyIsACredentialOfItsOwn() {
        let bearer = cloud("region: us-east-1\napi_key: ${K}", environment: ["K": "bedrock-key"])
        #expect(bearer.remote?.apiKey == Secret("bedrock-key"))
        #expect(bearer.remote?.cloud?.credentials == nil)
        let usual = cloud("region: us-east-1", environment: ["AWS_BEARER_TOKEN_BEDROCK": "token"])
        #expect(usual.remote?.apiKey == Secret("token"))
        #expect(usual.remote?.cloud?.credentials == nil)
        // A source that is named goes before what the environment has.
        let named = cloud(
            "region: us-east-1\ncredentials: environment", environment: ["AWS_BEARER_TOKEN_BEDROCK": "token"])
        #expect(named.remote?.apiKey == nil)
        #expect(named.remote?.cloud?.credentials == .environment)
    }

    @Test func aProviderWithoutItsKeyIsSkipped() {
        #expect(cloud("region: us-east-1\napi_key: ${K}").skipped?.contains("K is not set") == true)
        let keys = "region: us-east-1\ncredentials: {access_key_id: ${A}, secret_access_key: ${B}}"
        #expect(cloud(keys, environment: ["B": "x"]).skipped?.contains("A is not set") == true)
    }

    @Test func nothingThatIsReadShowsASecret() {
        let keys = "region: us-east-1\ncredentials: {access_key_id: AKIA, secret_access_key: hush, session_token: hush}"
        let read = cloud(keys, environment: ["AWS_SECRET_ACCESS_KEY": "hush"])
        #expect(!"\(String(describing: read.remote))".contains("hush"))
        var shown = ""
        dump(read.remote, to: &shown)
        #expect(!shown.contains("hush"))
    }

    @Test(
        arguments: [
            ("lab: x", "needs an aws_region"), ("region: eu", "must be a region of AWS"),
            ("aws_region: us_east_1", "must be a region of AWS"), ("region: us-east-1/x", "must be a region"),
            ("region: us-east-1\ncredentials: sso", "must be one of"),
            ("region: us-east-1\ncredentials: {}", "needs one of"),
            ("region: us-east-1\ncredentials: {profile: a, process: [b]}", "needs one of"),
            ("region: us-east-1\ncredentials: {process: []}", "is empty"),
            ("region: us-east-1\ncredentials: {process: aws export}", "must be a list"),
            ("region: us-east-1\ncredentials: {access_key_id: A}", "goes with secret_access_key"),
            ("region: us-east-1\ncredentials: {profile: a, secret_access_key: B}", "goes with access_key_id"),
            ("region: us-east-1\ncredentials: {access_key_id: 'A B', secret_access_key: C}", "has a blank"),
            ("region: us-east-1\napi_key: k\ncredentials: environment", "exclude each other"),
            ("region: us-east-1\nflavour: openai", "does not go with dialect bedrock"),
            ("region: us-east-1\nresponses: true", "does not go with dialect bedrock"),
            ("region: us-east-1\ncontrol_url: ftp://x", "must be an http or https address"),
        ])
    func aMistakeIsNamed(_ text: String, _ words: String) {
        let errors = cloud(text).errors
        #expect(errors.contains { $0.contains(words) }, "\(errors)")
    }

    @Test func noOtherDialectTakesThem() {
        let reading = read(
            "providers: {p: {dialect: openai, base_url: 'https://x.example/v1', credentials: environment, aws_region: us-east-1}}"
        )
        #expect(reading.errors.count { $0.message.contains("goes with dialect bedrock only") } == 2)
    }
}
