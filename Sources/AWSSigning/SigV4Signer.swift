package import Wire

/// Signs the requests of one account to one service in one region.
package struct SigV4Signer: Sendable {
    /// The fields that a signature may cover.
    package enum Coverage: Sendable {
        /// All but those that botocore leaves out (``SigV4Request/isSignable(_:)``).
        case all
        /// `host`, `content-type` and what AWS reads as parameters: nothing
        /// that a proxy on the way may change.
        case essential
    }

    /// The fields that ``fields(for:_:at:)`` may return, in lower case.
    package static let names: Set<String> = ["authorization", "x-amz-date", "x-amz-security-token"]

    package let credential: AWSCredential
    package let region: String
    package let service: String
    private let coverage: Coverage

    package init(_ credential: AWSCredential, region: String, service: String, coverage: Coverage = .essential) {
        self.credential = credential
        self.region = region
        self.service = service
        self.coverage = coverage
    }

    /// The fields that make a request a signed one: `x-amz-date`,
    /// `x-amz-security-token` for a temporary credential, and `authorization`.
    ///
    /// They take the place of those of the request by the same names.
    /// - Parameter key: the derived key where it is kept; it must be of
    ///   ``scope(at:)``.
    package func fields(
        for request: SigV4Request, _ payload: SigV4Payload, at time: SigV4Time, key: SigV4Key? = nil
    ) -> HTTPFieldList {
        var added = HTTPFieldList()
        added.append("x-amz-date", time.text)
        if let token = credential.sessionToken { added.append("x-amz-security-token", token) }
        var signed = request
        signed.fields.fields.removeAll { Self.names.contains($0.name) || !covers($0.name) }
        signed.fields.fields += added.fields
        let names = Set(signed.fields.fields.map(\.name)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let key = key ?? self.key(at: time)
        let signature = key.signature(of: CanonicalRequest(signed, signedNames: names), payload, at: time)
        let credential = "\(self.credential.keyID)/\(key.scope.text)"
        let list = names.joined(separator: ";")
        added.append(
            "authorization",
            "\(sigV4Algorithm) Credential=\(credential), SignedHeaders=\(list), Signature=\(signature)")
        return added
    }

    package func scope(at time: SigV4Time) -> SigV4Scope {
        SigV4Scope(date: time.date, region: region, service: service)
    }

    package func key(at time: SigV4Time) -> SigV4Key { SigV4Key(secret: credential.secret, scope: scope(at: time)) }

    private func covers(_ name: String) -> Bool {
        switch coverage {
        case .all: SigV4Request.isSignable(name)
        case .essential: name == "content-type" || SigV4Request.mustBeSigned(name)
        }
    }
}
