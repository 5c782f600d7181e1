package import Conversation
package import NIOCore
package import Wire

/// The bytes or the behaviour with which a provider fails for a cause: the
/// inverse of ``Classifier``, for drills.
///
/// The words are those of the providers, as they were recorded; the tests check
/// every signature with the classifier.
package struct Signature: Sendable, Equatable {
    package enum Form: Sendable, Equatable {
        /// An answer whose status says no, or that is none.
        case answer(status: Int, fields: HTTPFieldList, body: ByteBuffer)
        /// No connection.
        case unreachable
        /// Accepted, and not a byte.
        case silent
        /// A stream that ends politely, and with nothing in it.
        case cleanEnd
    }

    package var form: Form

    /// - Parameters:
    ///   - vocabulary: The provider's.
    ///   - model: as the provider calls it.
    package static func of(_ cause: Cause, in vocabulary: ErrorVocabulary, model: String) -> Signature {
        switch cause {
        case .unreachable: return Signature(form: .unreachable)
        case .silent: return Signature(form: .silent)
        case .truncated: return Signature(form: .cleanEnd)
        default: break
        }
        let words = words(of: cause, in: vocabulary, model)
        var fields = HTTPFieldList()
        if cause == .throttled { fields.append("retry-after", "7") }
        if vocabulary == .bedrock { fields.append("x-amzn-errortype", words.type) }
        var body = ByteBuffer()
        body.writeImmutableBuffer(words.body(in: vocabulary))
        return Signature(form: .answer(status: words.status, fields: fields, body: body))
    }

    /// The same as an event inside a stream that has begun; nil where the
    /// stream just stops.
    package static func event(_ cause: Cause, in vocabulary: ErrorVocabulary, model: String) -> ByteBuffer? {
        switch cause {
        case .unreachable, .silent, .truncated: return nil
        default: break
        }
        let words = words(of: cause, in: vocabulary, model)
        let data = words.event(in: vocabulary)
        var bytes = ByteBuffer()
        switch vocabulary {
        case .openai: SSEWriter.write(data: data, to: &bytes)
        case .anthropic, .responses: SSEWriter.write(name: "error", data: data, to: &bytes)
        case .bedrock: EventStreamWriter.write(EventStreamHead(exception: words.exception), data: data, to: &bytes)
        }
        return bytes
    }

    // MARK: Words

    private struct Words {
        var status: Int
        var type: String
        var code: String?
        var message: String

        init(_ status: Int, _ type: String, _ message: String, code: String? = nil) {
            self.status = status
            self.type = type
            self.code = code
            self.message = message
        }

        /// The name of an exception inside a stream: `throttlingException`.
        var exception: String { type.prefix(1).lowercased() + type.dropFirst() }

        func body(in vocabulary: ErrorVocabulary) -> ByteBuffer {
            var json = JSONWriter()
            json.object { json in
                switch vocabulary {
                case .bedrock: json.member("message", message)
                case .anthropic:
                    json.member("type", "error")
                    json.object("error") { json in
                        json.member("message", message)
                        json.member("type", type)
                    }
                case .openai, .responses:
                    json.object("error") { json in
                        json.member("message", message)
                        json.member("type", type)
                        json.null("param")
                        if let code { json.member("code", code) } else { json.null("code") }
                    }
                }
            }
            return json.buffer
        }

        /// The same inside a stream.
        func event(in vocabulary: ErrorVocabulary) -> ByteBuffer {
            guard vocabulary == .responses else { return body(in: vocabulary) }
            var json = JSONWriter()
            json.object { json in
                json.member("type", "error")
                json.member("code", code ?? type)
                json.member("message", message)
                json.null("param")
                json.member("sequence_number", 0)
            }
            return json.buffer
        }
    }

    private static func words(of cause: Cause, in vocabulary: ErrorVocabulary, _ model: String) -> Words {
        switch vocabulary {
        case .openai, .responses: openai(cause, model)
        case .anthropic: anthropic(cause, model)
        case .bedrock: bedrock(cause)
        }
    }

    private static func openai(_ cause: Cause, _ model: String) -> Words {
        let request = "invalid_request_error"
        return switch cause {
        case .withdrawn:
            Words(
                404, request,
                "The model `\(model)` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations",
                code: "model_not_found")
        case .denied:
            Words(
                403, request, "Project `proj_drill` does not have access to model `\(model)`.", code: "model_not_found")
        case .exhausted:
            Words(
                429, "insufficient_quota",
                "You exceeded your current quota, please check your plan and billing details.",
                code: "insufficient_quota")
        case .throttled:
            Words(
                429, "requests", "Rate limit reached for \(model) on requests per min (RPM): Limit 500, Used 500.",
                code: "rate_limit_exceeded")
        case .overloaded:
            Words(
                503, "server_error", "The server is currently overloaded with other requests.",
                code: "server_is_overloaded")
        case .credential:
            Words(401, request, "Incorrect API key provided: a drill's.", code: "invalid_api_key")
        case .refused:
            Words(
                400, request, "Your request was rejected as a result of our safety system.",
                code: "content_policy_violation")
        case .tooLong:
            Words(
                400, request,
                "This model's maximum context length is 1 tokens. However, your messages resulted in 2 tokens.",
                code: "context_length_exceeded")
        case .callerFault:
            Words(
                400, request, "Unsupported parameter: 'drill' is not supported with this model.",
                code: "unsupported_parameter")
        case .unsupportedField: Words(400, request, "`temperature` is deprecated for this model.")
        case .nestedReference: Words(400, request, "tools.0.model: \(model) is not available.")
        case .broken, .unreachable, .silent, .truncated:
            Words(500, "server_error", "The server had an error while processing your request.")
        }
    }

    private static func anthropic(_ cause: Cause, _ model: String) -> Words {
        let request = "invalid_request_error"
        return switch cause {
        case .withdrawn:
            // As on 12 June 2026.
            Words(
                404, "not_found_error",
                "\(model) is not available. Please use another model. Learn more: https://www.anthropic.com/news")
        case .denied:
            Words(
                403, "permission_error", "Your API key does not have permission to use the specified resource.")
        case .exhausted: Words(402, "billing_error", "Your account has a billing problem.")
        case .throttled:
            Words(
                429, "rate_limit_error",
                "This request would exceed your organization's rate limit of 50 requests per minute.")
        case .overloaded: Words(529, "overloaded_error", "Overloaded")
        case .credential: Words(401, "authentication_error", "invalid x-api-key")
        case .refused:
            Words(400, request, "Output blocked by content filtering policy")
        case .tooLong: Words(400, request, "prompt is too long: 2 tokens > 1 maximum")
        case .callerFault:
            Words(400, request, "messages: roles must alternate between \"user\" and \"assistant\"")
        case .unsupportedField: Words(400, request, "`temperature` is deprecated for this model.")
        case .nestedReference: Words(400, request, "tools.0.model: \(model) is not available.")
        case .broken, .unreachable, .silent, .truncated: Words(500, "api_error", "Internal server error")
        }
    }

    /// The names and words of Bedrock and of the models behind it, which never
    /// name the model.
    private static func bedrock(_ cause: Cause) -> Words {
        let request = "ValidationException"
        return switch cause {
        case .withdrawn:
            Words(404, "ResourceNotFoundException", "This model version has reached the end of its life.")
        case .denied:
            Words(403, "AccessDeniedException", "You don't have access to the model with the specified model ID.")
        case .exhausted:
            Words(
                400, "ServiceQuotaExceededException", "Your request exceeds the service quota for your account.")
        case .throttled:
            Words(429, "ThrottlingException", "Too many requests, please wait before trying again.")
        case .overloaded: Words(503, "ServiceUnavailableException", "The service isn't currently available.")
        case .credential:
            Words(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
        case .refused: Words(400, request, "Output blocked by content filtering policy")
        case .tooLong: Words(400, request, "Input is too long for requested model.")
        case .callerFault:
            Words(400, request, "A conversation must alternate between user and assistant roles.")
        case .unsupportedField: Words(400, request, "`temperature` is deprecated for this model.")
        case .nestedReference: Words(400, request, "tools.0.model: the model is not available.")
        case .broken, .unreachable, .silent, .truncated:
            Words(500, "InternalServerException", "An internal server error occurred.")
        }
    }
}
