import AWSSigning
import Access
import Conversation

// The refusals of signed requests. Their codes are what Bedrock's door makes AWS's
// exceptions of.
extension APIProblem {
    init(_ problem: SigV4Problem) {
        switch problem.kind {
        case .missing: self.init(.unauthenticated, problem.description, code: "invalid_api_key")
        case .incomplete: self.init(.unauthenticated, problem.description, code: "incomplete_signature")
        case .invalid: self.init(.unauthenticated, problem.description, code: "invalid_signature")
        case .unsupported: self.init(.forbidden, problem.description, code: "unsupported_signature")
        }
    }

    static let unknownSigner = APIProblem(
        .unauthenticated,
        "This access key id is not known here. `holdfast keys create --sigv4 --name NAME` makes one, "
            + "and `holdfast keys list` shows those that are.", code: "invalid_api_key")

    static func signerExpired(_ time: UnixTime) -> APIProblem {
        APIProblem(.unauthenticated, "This access key expired at \(time). Ask for a new one.", code: "expired_key")
    }

    static let signerRevoked = APIProblem(
        .unauthenticated, "This access key has been revoked. Ask for a new one.", code: "invalid_api_key")

    /// A key of AWS's, or a client that mixes two keys.
    static let sessionToken = APIProblem(
        .unauthenticated,
        "This access key has no session token, and the request has x-amz-security-token: take AWS_SESSION_TOKEN out of "
            + "the client's environment or profile.", code: "invalid_api_key")

    static func signerUnready(_ version: Int) -> APIProblem {
        APIProblem(
            .outOfOrder,
            "Signatures of this access key can't be checked: version \(version) of the server's key is missing. Its "
                + "operator has to put the file back that `keys: {server_key}` names, or to make a new key.",
            code: "server_key_missing")
    }

    static let wrongSignature = APIProblem(
        .unauthenticated,
        "The signature is not that of this request: check the secret access key, and that no proxy changes the host, "
            + "the path or the body on the way.", code: "invalid_signature")

    static let lengthMissing = APIProblem(
        .invalidRequest,
        "A signed request needs a content-length: its signature can be checked only once the body is whole. Send the "
            + "body in one piece, or use a bearer key.", code: "missing_content_length")
}
