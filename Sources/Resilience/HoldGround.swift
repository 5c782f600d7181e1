package import Failures

/// The reason why a place is held: a provider's failure, or a person's word.
package enum HoldGround: Sendable, Hashable, RawRepresentable {
    case failure(Cause)
    /// An administrator holds it; nothing is known of the provider.
    case byHand

    package init?(rawValue: String) {
        if rawValue == Self.byHand.rawValue {
            self = .byHand
        } else if let cause = Cause(rawValue: rawValue) {
            self = .failure(cause)
        } else {
            return nil
        }
    }

    package var rawValue: String {
        switch self {
        case .failure(let cause): cause.rawValue
        case .byHand: "held_by_hand"
        }
    }

    /// Those whose holds stand until they are lifted, an administrator's first.
    static let standing: [HoldGround] = [
        .byHand, .failure(.withdrawn), .failure(.credential), .failure(.exhausted), .failure(.denied),
    ]
}
