package import Conversation
import Encodings
package import Wire

// Typed reading of a caller's fields. A path is built only when it is needed
// for a problem, so that a request without fault costs none.
extension JSONView {
    package func text(at path: @autoclosure () -> String) throws(APIProblem) -> String {
        guard let string else { throw .wrongType(path(), wanted: "a string", not: kind) }
        return string
    }

    /// One of a few words; see ``JSONView/word``.
    package func word(at path: @autoclosure () -> String) throws(APIProblem) -> String {
        guard let word else { throw .wrongType(path(), wanted: "a string", not: kind) }
        return word
    }

    /// A name or an id, which are compared and looked up.
    package func identifier(at path: @autoclosure () -> String) throws(APIProblem) -> String {
        guard range.count <= APIProblem.longestIdentifier + 2 else {
            guard kind == .string else { throw .wrongType(path(), wanted: "a string", not: kind) }
            throw .invalid(path(), "is longer than \(APIProblem.longestIdentifier) bytes: names and ids are shorter.")
        }
        return try text(at: path())
    }

    package func flag(at path: @autoclosure () -> String) throws(APIProblem) -> Bool {
        guard let bool else { throw .wrongType(path(), wanted: "true or false", not: kind) }
        return bool
    }

    package func whole(at path: @autoclosure () -> String, from least: Int = .min) throws(APIProblem) -> Int {
        guard kind == .number else { throw .wrongType(path(), wanted: "a whole number", not: kind) }
        guard let int, int >= least else {
            let from = least == .min ? "" : " from \(least) up"
            throw .invalid(path(), "must be a whole number\(from).")
        }
        return int
    }

    package func finite(at path: @autoclosure () -> String) throws(APIProblem) -> Double {
        guard kind == .number else { throw .wrongType(path(), wanted: "a number", not: kind) }
        guard let double else { throw .invalid(path(), "is too large for a number.") }
        return double
    }

    package func object(at path: @autoclosure () -> String) throws(APIProblem) -> JSONView {
        guard kind == .object else { throw .wrongType(path(), wanted: "an object", not: kind) }
        return self
    }

    package func array(at path: @autoclosure () -> String) throws(APIProblem) -> Elements {
        guard kind == .array else { throw .wrongType(path(), wanted: "an array", not: kind) }
        return elements
    }
}

extension JSONView.Elements {
    /// The elements with their places, for paths.
    package func numbered() -> EnumeratedSequence<JSONView.Elements> { enumerated() }
}

extension APIProblem {
    package static func wrongType(_ field: String, wanted: String, not kind: JSONKind) -> APIProblem {
        let found =
            switch kind {
            case .object: "an object"
            case .array: "an array"
            case .string: "a string"
            case .number: "a number"
            case .true, .false: "a boolean"
            case .null: "null"
            }
        return APIProblem(
            .invalidRequest, "`\(Printable.excerpt(field))` must be \(wanted), not \(found).", field: field,
            code: "invalid_type")
    }

    package static func missing(_ field: String, _ advice: String) -> APIProblem {
        APIProblem(
            .invalidRequest, "`\(Printable.excerpt(field))` is missing: \(advice)", field: field,
            code: "missing_required_parameter")
    }

    /// - Parameter complaint: the end of a sentence that begins with the field.
    package static func invalid(_ field: String, _ complaint: String) -> APIProblem {
        APIProblem(.invalidRequest, "`\(Printable.excerpt(field))` \(complaint)", field: field, code: "invalid_value")
    }
}
