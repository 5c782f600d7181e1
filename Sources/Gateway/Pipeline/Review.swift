package import Conversation
package import Wire

/// A judge of requests that stands between the caller and every candidate:
/// the place of a supervisor.
///
/// The gateway has none by default; the stage is then one comparison with nil.
package protocol RequestReviewer: Sendable {
    /// Judges a request before a candidate is chosen.
    /// - Parameters:
    ///   - call: The request, with its complete body.
    ///   - model: The route or `provider/model` that it names.
    func review(_ call: Call, model: String) async -> ReviewDecision
}

/// The result of a review.
package enum ReviewDecision: Sendable {
    case pass
    /// The request goes on with these changes to its body; everything else of
    /// it stays as it came.
    case change(Splices)
    /// The caller gets this problem, and no candidate is asked.
    case refuse(APIProblem)
}

/// The review stage.
extension Gateway {
    /// - Throws: ``APIProblem`` where the reviewer refuses the request;
    ///   `CancellationError` when the caller has gone.
    func review(_ request: AdmittedCall, by reviewer: any RequestReviewer) async throws -> AdmittedCall {
        let decision = await reviewer.review(request.call, model: request.requestedModel)
        try Task.checkCancellation()
        switch decision {
        case .pass: return request
        case .refuse(let problem): throw problem
        case .change(let splices):
            var call = request.call
            call.body = splices.apply(to: call.body)
            let changed = call
            guard request.isHeavy else { return try AdmittedCall(changed, isStrict: true) }
            return try await reading.run { try AdmittedCall(changed, isHeavy: true, isStrict: true) }
        }
    }
}
