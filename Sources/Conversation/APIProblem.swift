import Encodings

/// An error of Holdfast's own about a request, to be encoded in the caller's
/// dialect.
package struct APIProblem: Error, Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// The request is malformed or asks for something that can't be
        /// carried: 400.
        case invalidRequest
        /// No key, or one that isn't known (any more): 401.
        case unauthenticated
        /// The key may not do this: 403.
        case forbidden
        /// No such route, model or address: 404.
        case notFound
        /// Every candidate is gone for good: 404 with `x-should-retry: false`.
        case gone
        case methodNotAllowed
        /// The body is over the limit: 413.
        case tooLarge
        /// Header fields over the limit: 431.
        case headersTooLarge
        /// One of Holdfast's own limits: 429.
        case limited
        /// Holdfast itself failed: 500.
        case internalFailure
        /// The provider answered with something unusable: 502.
        case badUpstream
        /// No candidate can serve now, or Holdfast is draining: 503.
        case unavailable
        /// No candidate can serve before a person has repaired something: 503
        /// with `x-should-retry: false`.
        case outOfOrder
        /// The deadline passed: 504.
        case deadline

        package var status: Int {
            switch self {
            case .invalidRequest: 400
            case .unauthenticated: 401
            case .forbidden: 403
            case .notFound, .gone: 404
            case .methodNotAllowed: 405
            case .tooLarge: 413
            case .headersTooLarge: 431
            case .limited: 429
            case .internalFailure: 500
            case .badUpstream: 502
            case .unavailable, .outOfOrder: 503
            case .deadline: 504
            }
        }
    }

    package var kind: Kind
    /// Says what is wrong and what to do about it; never holds a secret, a
    /// prompt or an answer.
    package var message: String
    /// The field at fault, in the caller's own terms.
    package var field: String?
    /// A word for programs, e.g. `model_not_found`.
    package var code: String?
    /// When to come again, in seconds.
    package var retryAfter: Int?
    /// The suspension that it tells of, e.g. `S12`; nil for all others.
    package var suspension: String?

    package init(_ kind: Kind, _ message: String, field: String? = nil, code: String? = nil, retryAfter: Int? = nil) {
        self.kind = kind
        self.message =
            message.utf8.count <= Self.longestMessage ? message : Printable.excerpt(message, Self.longestMessage)
        self.field = field.map { $0.utf8.count <= Printable.mostQuoted ? $0 : Printable.excerpt($0) }
        self.code = code
        self.retryAfter = retryAfter
    }

    /// A conversation that another provider keeps. Anthropic's clients send all
    /// of it anew where they read this code.
    package static let threadNotFound = APIProblem(
        .notFound,
        "The thread is kept by another provider, and this request holds only what is new in it: send the whole "
            + "conversation, with thread {\"type\": \"create\"} or without a thread.",
        field: "thread.previous_message_id", code: "thread_not_found")

    /// The longest message, in bytes: even a message that quotes a request must
    /// not grow to megabytes.
    static let longestMessage = 8 << 10

    /// Bytes of a name or an id that a caller may choose.
    package static let longestIdentifier = 1024
}

/// A request that a dialect has no words for.
package struct CannotCarry: Error, Sendable, Equatable {
    /// The field, in the caller's own terms.
    package var field: String
    /// The reason, and what to do: the end of a sentence that begins with the
    /// field.
    package var reason: String

    package init(_ field: String, _ reason: String) {
        self.field = Printable.excerpt(field)
        self.reason = reason
    }
}

/// An answer of a provider that is not what its dialect promises.
package struct UnreadableReply: Error, Sendable, Equatable {
    /// The fault of the answer, without a quotation from it.
    package var reason: String
    package init(_ reason: String) { self.reason = reason }

    /// An answer of status 200 whose reason to end is an error.
    package static let endedWithError = UnreadableReply("the answer ended with an error, for which it gives no reason")
}

/// An error of a provider, in its own words.
package struct ProviderError: Error, Sendable, Equatable {
    /// The HTTP status; for an error inside a stream, the one that its type
    /// stands for, or 200 where that is unknown.
    package var status: Int
    package var type: String?
    package var code: String?
    package var message: String
    package var field: String?

    package init(status: Int, type: String? = nil, code: String? = nil, message: String, field: String? = nil) {
        self.status = status
        self.type = type
        self.code = code
        self.message = message
        self.field = field
    }
}
