/// The profiles of the files that Amazon's clients share, `~/.aws/config` and
/// `~/.aws/credentials`.
///
/// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
package struct SharedProfiles: Sendable, Hashable {
    private var profiles: [String: SharedProfile] = [:]

    package init() {}

    package subscript(name: String) -> SharedProfile? { profiles[name] }

    /// The two files; a profile's keys in `credentials` go before those in
    /// `config`.
    package enum Kind: Sendable {
        case config, credentials
    }

    /// Reads a file's text.
    /// - Parameter path: For messages.
    /// - Throws: ``CredentialProblem`` for a line that is neither a section, a
    ///   setting nor a comment.
    package mutating func read(_ text: String, _ kind: Kind, path: String) throws(CredentialProblem) {
        var section: String?
        var hasSection = false
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.trimmed
            if words.isEmpty || words.hasPrefix("#") || words.hasPrefix(";") { continue }
            if words.hasPrefix("[") {
                guard let end = words.firstIndex(of: "]") else {
                    throw CredentialProblem("line \(index + 1) of \(path) begins a section and doesn't end it")
                }
                section = Self.profile(words[words.index(after: words.startIndex)..<end], kind)
                hasSection = true
                if let section, profiles[section] == nil { profiles[section] = SharedProfile() }
                continue
            }
            // Settings of a setting (`s3 =`), which name no credential.
            if line.first?.isWhitespace == true { continue }
            guard hasSection, let mark = words.firstIndex(of: "=") else {
                throw CredentialProblem("line \(index + 1) of \(path) is no setting of a profile: write name = value")
            }
            guard let section else { continue }
            let name = words[..<mark].trimmed.lowercased()
            profiles[section]?[name] = String(words[words.index(after: mark)...].trimmed)
        }
    }

    /// The profile of a section; nil for a section of another kind.
    private static func profile(_ title: Substring, _ kind: Kind) -> String? {
        let title = title.trimmed
        if kind == .credentials || title == "default" { return String(title) }
        guard title.hasPrefix("profile"), title.dropFirst(7).first?.isWhitespace == true else { return nil }
        var name = title.dropFirst(7).trimmed
        for quote in ["\"", "'"] where name.count > 1 && name.hasPrefix(quote) && name.hasSuffix(quote) {
            name = name.dropFirst().dropLast()
        }
        return String(name)
    }
}

/// The settings of one profile, by their names in lower case.
package struct SharedProfile: Sendable, Hashable {
    private var settings: [String: String] = [:]

    package subscript(name: String) -> String? {
        get { settings[name].flatMap { $0.isEmpty ? nil : $0 } }
        set { settings[name] = newValue }
    }

    /// True where it says anything of a credential, right or wrong.
    package var hasCredential: Bool {
        refusal != nil || self["aws_access_key_id"] != nil || self["credential_process"] != nil
            || self["web_identity_token_file"] != nil
    }

    /// The reason why it is left to Amazon's own client; nil where it isn't.
    package var refusal: String? {
        if self["role_arn"] != nil { return "takes a role (role_arn)" }
        if self["sso_session"] != nil || self["sso_start_url"] != nil || self["sso_account_id"] != nil {
            return "signs in with IAM Identity Center (SSO)"
        }
        if self["login_session"] != nil { return "signs in with the console (login_session)" }
        return nil
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: SubSequence {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
