import AWSSigning
import Routing

/// Reads what only a provider with `dialect: bedrock` has.
struct CloudReader {
    static let keys = ["aws_region", "credentials", "control_url"]

    let notes: Notes
    let folder: String
    let section: Section

    /// - Parameters:
    ///   - hasKey: True where `api_key` is given, whether or not its variable
    ///     is set.
    ///   - unavailable: Set where a variable of the credential is not set.
    func read(hasKey: Bool, _ unavailable: inout String?) -> CloudSettings? {
        guard let region = region() else { return nil }
        let environment = notes.environment.filter { CloudSettings.isOfCredential($0.key) && !$0.value.isEmpty }
        var cloud = CloudSettings(region: region, environment: environment.mapValues { Secret($0) })
        if section.node("credentials") != nil {
            if hasKey {
                section.error("credentials", "and api_key exclude each other: a key is a credential of its own")
            }
            cloud.credentials = credentials(&unavailable)
        } else if !hasKey {
            cloud.credentials = .usual
        }
        if let text = section.text("control_url") {
            cloud.controlURL = try? BaseURL(text.value)
            if cloud.controlURL == nil {
                section.error("control_url", "must be an http or https address: \(text.shown)")
            }
        } else if section.node("base_url") == nil {
            cloud.controlURL = Self.address("bedrock", region)
        }
        return cloud
    }

    /// The address of a service in a region.
    static func address(_ service: String, _ region: String) -> BaseURL? {
        try? BaseURL("https://\(service).\(region).\(AWSPartition.suffix(of: region))")
    }

    /// A region's name is part of an address and of each signature.
    private func region() -> String? {
        for key in ["aws_region", "region"] where section.node(key) != nil {
            guard let text = section.text(key) else { return nil }
            if Self.isRegion(text.value) { return text.value }
            section.error(
                key,
                "must be a region of AWS, such as us-east-1, not \(text.shown)"
                    + (key == "region" ? "; with aws_region beside it, region may be any name" : ""))
            return nil
        }
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            if let region = notes.environment[name], Self.isRegion(region) { return region }
        }
        notes.error(section.position, "\(section.name) needs an aws_region, such as us-east-1")
        return nil
    }

    private static func isRegion(_ text: String) -> Bool {
        let words = text.split(separator: "-", omittingEmptySubsequences: false)
        return text.utf8.count <= 32 && words.count >= 3 && Int(words[words.count - 1]) != nil
            && words.allSatisfy { word in
                !word.isEmpty && word.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
            }
    }

    // MARK: The credential

    private static let words = ["environment", "web_identity", "container", "instance"]
    private static let sources = ["profile", "process", "web_identity", "access_key_id"]

    private func credentials(_ unavailable: inout String?) -> CloudCredentialSettings? {
        if case .scalar? = section.node("credentials")?.content {
            return section.value(
                "credentials",
                "must be one of \(Self.words.joined(separator: ", ")), or a mapping with one of "
                    + Self.sources.joined(separator: ", ")
            ) { word in
                switch word {
                case "environment": .environment
                case "web_identity": .webIdentity(roleARN: nil, tokenFile: nil, sessionName: nil)
                case "container": .container
                case "instance": .instance
                default: nil
                }
            }
        }
        guard
            let given = section.section("credentials", keys: Self.sources + ["secret_access_key", "session_token"])
        else { return nil }
        let named = Self.sources.filter { given.node($0) != nil }
        guard named.count == 1 else {
            notes.error(given.position, "\(given.name) needs one of \(Self.sources.joined(separator: ", "))")
            return nil
        }
        for key in ["secret_access_key", "session_token"] where named[0] != "access_key_id" && given.node(key) != nil {
            given.error(key, "goes with access_key_id")
        }
        switch named[0] {
        case "profile": return given.string("profile").map { .profile($0) }
        case "process": return process(given)
        case "web_identity": return webIdentity(given)
        default: return keys(given, &unavailable)
        }
    }

    private func process(_ given: Section) -> CloudCredentialSettings? {
        let words = given.list("process")?.map(\.value) ?? []
        guard let program = words.first, !program.isEmpty else {
            given.error("process", "is empty; give a list: the program, then its arguments")
            return nil
        }
        if words.count == 1, program.contains(where: \.isWhitespace) {
            given.error("process", "must be a list: the program, then each argument; no shell reads it")
            return nil
        }
        return .process([program.contains("/") ? resolved(program, in: folder) : program] + words.dropFirst())
    }

    private func webIdentity(_ given: Section) -> CloudCredentialSettings? {
        guard let given = given.section("web_identity", keys: ["role_arn", "token_file", "session_name"]) else {
            return nil
        }
        return .webIdentity(
            roleARN: given.string("role_arn"), tokenFile: given.string("token_file").map { resolved($0, in: folder) },
            sessionName: given.string("session_name"))
    }

    private func keys(_ given: Section, _ unavailable: inout String?) -> CloudCredentialSettings? {
        func secret(_ key: String) -> Secret? {
            guard let text = given.rawText(key) else { return nil }
            guard text.missing.isEmpty else {
                unavailable = unavailable ?? notes.absence(of: text.missing)
                return Secret("-")
            }
            guard text.value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                given.error(key, "has a blank or a control character in it")
                return nil
            }
            return text.value.isEmpty ? nil : Secret(text.value)
        }
        guard given.node("secret_access_key") != nil else {
            given.error("access_key_id", "goes with secret_access_key")
            return nil
        }
        guard let id = secret("access_key_id"), let key = secret("secret_access_key") else { return nil }
        return .keys(id: id, secret: key, sessionToken: secret("session_token"))
    }
}
