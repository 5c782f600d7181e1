import Conversation
import Failures
import NIOCore
import Wire

extension APIProblem {
    /// Describes a problem between Holdfast and a provider in Holdfast's words:
    /// a provider's text about a key or an account is meant for the owner of
    /// the account, not for the caller. Nil for all other causes.
    init?(between cause: Cause, and provider: Provider) {
        // The account is the caller's own.
        if provider.usesCallersCredential { return nil }
        switch cause {
        case .credential:
            self.init(
                .outOfOrder,
                "The key that Holdfast has for \"\(provider.name)\" was refused there; your own key is fine. Whoever "
                    + "runs this Holdfast can see why in `holdfast status`, and another route may serve.",
                code: "provider_key_refused")
        case .exhausted:
            self.init(
                .outOfOrder,
                "Holdfast's account at \"\(provider.name)\" is used up; your own key is fine. Whoever runs this "
                    + "Holdfast can see why in `holdfast status`, and another route may serve.",
                code: "provider_account_used_up")
        default: return nil
        }
    }
}

extension SecretMask {
    func masking(_ error: ProviderError) -> ProviderError {
        ProviderError(
            status: error.status, type: error.type.map(masking), code: error.code.map(masking),
            message: masking(error.message), field: error.field.map(masking))
    }

    func masking(_ head: ResponseHead) -> ResponseHead {
        guard !isEmpty else { return head }
        var head = head
        for index in head.fields.fields.indices {
            head.fields.fields[index].value = masking(head.fields.fields[index].value)
        }
        return head
    }

    func masking(_ symptom: Symptom) -> Symptom {
        guard !isEmpty else { return symptom }
        var symptom = symptom
        for index in symptom.fields.fields.indices {
            symptom.fields.fields[index].value = masking(symptom.fields.fields[index].value)
        }
        symptom.body = masking(symptom.body)
        return symptom
    }
}
