import CloudCredentials
import Testing

@Suite struct ProfileTests {
    private func read(_ text: String, _ kind: SharedProfiles.Kind = .config) throws -> SharedProfiles {
        var profiles = SharedProfiles()
        try profiles.read(text, kind, path: "FILE")
        return profiles
    }

    @Test func sectionsAreProfiles() throws {
        let profiles = try read(
            """
            # comment
            [default]
            region = eu-west-1
            [profile work]
            AWS_ACCESS_KEY_ID=A
            s3 =
              aws_access_key_id = nested
            ; comment
            [profile "with blank"]
            aws_access_key_id = B
            [sso-session work]
            aws_access_key_id = C
            [other]
            aws_access_key_id = D
            """)
        #expect(profiles["default"]?["region"] == "eu-west-1")
        #expect(profiles["work"]?["aws_access_key_id"] == "A")
        #expect(profiles["with blank"]?["aws_access_key_id"] == "B")
        #expect(profiles["other"] == nil)
        #expect(profiles["sso-session work"] == nil)
    }

    @Test func theCredentialsFileHasNoPrefixesAndGoesFirst() throws {
        var profiles = try read("[profile work]\naws_access_key_id = old\nregion = r\n")
        try profiles.read("[work]\r\naws_access_key_id = new\r\n", .credentials, path: "FILE")
        #expect(profiles["work"]?["aws_access_key_id"] == "new")
        #expect(profiles["work"]?["region"] == "r")
    }

    @Test(arguments: ["[default", "word", "key = before a section", "[default]\nword"])
    func aMalformedLineIsNamed(_ text: String) {
        let said = problem { () throws(CredentialProblem) in
            var profiles = SharedProfiles()
            try profiles.read(text, .config, path: "FILE")
        }
        #expect(said?.contains("FILE") == true)
        #expect(said?.contains("line") == true)
    }

    /// The words are those of Python's `shlex.split`.
    @Test(
        arguments: [
            ("a b", ["a", "b"]), ("  a  ", ["a"]), ("", []), ("\"a b\" c", ["a b", "c"]), ("'a \"b\"'", ["a \"b\""]),
            ("a\\ b", ["a b"]), ("\"a\\\"b\"", ["a\"b"]), ("\"a\\nb\"", ["a\\nb"]), ("'a\\b'", ["a\\b"]),
            ("a''b", ["ab"]), ("'' x", ["", "x"]), ("--x=\"y z\"", ["--x=y z"]),
            ("$HOME `ls` $(ls) | ;", ["$HOME", "`ls`", "$(ls)", "|", ";"]),
        ] as [(String, [String])])
    func aCommandIsDividedAsAShellWould(_ line: String, _ words: [String]) {
        #expect(CommandWords.split(line) == words)
    }

    @Test(arguments: ["\"a", "'a", "a\\", "\"a\\"])
    func anUnfinishedQuoteIsNoCommand(_ line: String) { #expect(CommandWords.split(line) == nil) }

    @Test(
        arguments: [
            "https://example.com", "https://10.0.0.1/x", "http://127.0.0.1:8080", "http://127.5.5.5/x",
            "http://localhost/x", "http://169.254.170.2/x", "http://169.254.169.254", "http://[::1]:80/x",
            "http://[fd00:ec2::254]", "http://[fe80::1]/x",
        ])
    func whatEndsAtThisMachineMayGiveCredentials(_ url: String) throws { _ = try CredentialURL(url, from: "X") }

    @Test(
        arguments: [
            "http://example.com", "http://10.0.0.1", "http://169.253.0.1", "http://127.0.0.1.example.com",
            "http://0177.0.0.1", "http://user@127.0.0.1", "ftp://127.0.0.1", "http://", "", "http://2130706433",
            "http://localhost.example.com", "http://[::ffff:10.0.0.1]", "http://127.0.0.1\\@example.com",
            "http://feedbeef", "http://127.1", "http://[fe80", "http://127.0.0.1 .example.com",
        ])
    func noOtherAddressMay(_ url: String) {
        #expect(
            problem { () throws(CredentialProblem) in try CredentialURL(url, from: "VARIABLE") }?.contains("VARIABLE")
                == true)
    }
}
