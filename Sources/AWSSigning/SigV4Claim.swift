import Encodings
import Wire

/// A signed request that was judged by its head alone: everything is in order
/// but the signature itself, which covers the body.
///
/// First ``init(_:at:rules:)``, then the caller looks whether it knows
/// ``keyID``, then takes the body and hashes it, and only then asks
/// ``isProven(by:body:)``.
package struct SigV4Claim: Sendable {
    /// The limits of what is taken.
    package struct Rules: Sendable {
        package var service: String
        /// The most seconds that a request's time may differ from ours.
        package var skew: Int
        /// True where nobody on the way can change a body: TLS, or loopback.
        package var takesUnsignedPayload: Bool

        package init(service: String, skew: Int = 300, takesUnsignedPayload: Bool) {
            self.service = service
            self.skew = skew
            self.takesUnsignedPayload = takesUnsignedPayload
        }
    }

    /// The part of a body that the head has already told.
    package enum Body: Sendable, Hashable {
        /// Nothing: its hash is inside the signature alone.
        case untold
        /// `x-amz-content-sha256`.
        case declared(SigV4Payload)
    }

    package let keyID: String
    package let scope: SigV4Scope
    package let time: SigV4Time
    package let body: Body
    private let canonical: CanonicalRequest
    private let signature: [UInt8]

    /// Returns whether a request is signed in any form, well or not: in its
    /// `authorization` field or in its query.
    package static func isMade(by request: SigV4Request) -> Bool {
        request.fields["authorization"].map(SigV4Authorization.isMeant) ?? false || isPresigned(request.query)
    }

    /// - Throws: ``SigV4Problem`` for all that makes a request not signed,
    ///   whatever its body is.
    package init(_ request: SigV4Request, at now: Int, rules: Rules) throws(SigV4Problem) {
        if Self.isPresigned(request.query) {
            throw SigV4Problem(.unsupported, "Presigned requests are not served: sign in the authorization field.")
        }
        guard let field = try Self.only("authorization", of: request) else {
            throw SigV4Problem(.missing, "The request has no signature: sign it with AWS signature version 4.")
        }
        let authorization = try SigV4Authorization(field)
        guard let date = try Self.only("x-amz-date", of: request) else {
            throw SigV4Problem(.incomplete, "The request has no x-amz-date: its time is a part of the signature.")
        }
        guard let time = SigV4Time(date) else {
            throw SigV4Problem(.incomplete, "x-amz-date must be of the form 20270131T180000Z, in UTC.")
        }
        try Self.check(authorization, time, at: now, rules)
        try Self.check(request, signedBy: authorization)
        body = try Self.body(of: request, rules)
        keyID = authorization.keyID
        scope = authorization.scope
        self.time = time
        canonical = CanonicalRequest(request, signedNames: authorization.signedNames)
        signature = authorization.signature
    }

    /// Returns whether the request was signed with a secret and has this body.
    /// - Parameter body: the hash of the body as it came.
    package func isProven(by secret: String, body: SigV4Payload) -> Bool {
        let payload: SigV4Payload
        switch self.body {
        case .untold: payload = body
        case .declared(.unsigned): payload = .unsigned
        case .declared(let told):
            guard told == body else { return false }
            payload = told
        }
        return SigV4Key(secret: secret, scope: scope).isValid(signature, of: canonical, payload, at: time)
    }

    // MARK: Checks

    private static func isPresigned(_ query: String) -> Bool {
        query.utf8.split(separator: UInt8(ascii: "&")).contains { pair in
            let name = String(Substring(pair)).lowercased()
            return name.hasPrefix("x-amz-algorithm=") || name.hasPrefix("x-amz-signature=")
                || name.hasPrefix("x-amz-credential=")
        }
    }

    /// A field's one value, nil where there is none.
    private static func only(_ name: String, of request: SigV4Request) throws(SigV4Problem) -> String? {
        var found: String?
        for field in request.fields.fields where field.name == name {
            guard found == nil else {
                throw SigV4Problem(.incomplete, "The field \(name) must be there once.")
            }
            found = field.value
        }
        return found
    }

    private static func check(
        _ authorization: SigV4Authorization, _ time: SigV4Time, at now: Int, _ rules: Rules
    ) throws(SigV4Problem) {
        guard authorization.scope.service == rules.service else {
            throw SigV4Problem(
                .invalid,
                "The credential must be scoped to the service \(rules.service): set the client's signing name.")
        }
        guard authorization.scope.date == time.date else {
            throw SigV4Problem(.invalid, "The date of the credential's scope is not that of x-amz-date.")
        }
        let late = now - time.seconds
        guard abs(late) <= rules.skew else {
            let direction = late > 0 ? "behind" : "ahead of"
            throw SigV4Problem(
                .invalid,
                "The signature's time \(time.text) is \(abs(late)) seconds \(direction) this server's "
                    + "\(SigV4Time(seconds: now).text), and \(rules.skew) are allowed: set the caller's clock.")
        }
    }

    private static func check(
        _ request: SigV4Request, signedBy authorization: SigV4Authorization
    ) throws(SigV4Problem) {
        // A path with two spellings could be signed as one and served as another.
        let segments = request.path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard request.path.utf8.first == UInt8(ascii: "/"),
            segments.dropFirst().allSatisfy({ $0.first != nil && !isDots($0) }) || request.path == "/"
        else {
            throw SigV4Problem(.invalid, "A signed path has no empty segments, and none of dots alone.")
        }
        let present = Set(request.fields.fields.map(\.name))
        let signed = Set(authorization.signedNames)
        if let name = present.sorted().first(where: { SigV4Request.mustBeSigned($0) && !signed.contains($0) }) {
            throw SigV4Problem(
                .invalid, "The field \(Printable.excerpt(name)) must be one of SignedHeaders.")
        }
        guard signed.contains("host") else {
            throw SigV4Problem(.invalid, "The field host must be there, and be one of SignedHeaders.")
        }
        guard signed.allSatisfy({ present.contains($0) }) else {
            throw SigV4Problem(.invalid, "A field of SignedHeaders is not there: a proxy may have taken it away.")
        }
    }

    private static func isDots(_ segment: Substring.UTF8View) -> Bool {
        segment.elementsEqual(".".utf8) || segment.elementsEqual("..".utf8)
    }

    private static func body(of request: SigV4Request, _ rules: Rules) throws(SigV4Problem) -> Body {
        guard let told = try only("x-amz-content-sha256", of: request) else { return .untold }
        if told == SigV4Payload.unsignedWord {
            guard rules.takesUnsignedPayload else {
                throw SigV4Problem(
                    .unsupported, "UNSIGNED-PAYLOAD is taken over TLS only: use https, or have the payload signed.")
            }
            return .declared(.unsigned)
        }
        if told.hasPrefix("STREAMING-") {
            throw SigV4Problem(
                .unsupported, "Payloads signed in chunks (STREAMING-…) are not served: send the body whole.")
        }
        guard let bytes = Hex.decode(told), bytes.count == 32 else {
            throw SigV4Problem(.incomplete, "x-amz-content-sha256 must be 64 small hexadecimal digits.")
        }
        return .declared(.hash(told))
    }
}
