import Conversation
package import Wire

/// A JSON Schema as `output_config.format` takes it: objects are closed, and
/// limits of numbers, texts and lists, which the API refuses, are left out.
/// The types, names and words that the schema asks for stay.
///
/// https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
package struct AnswerSchema {
    package private(set) var fragment: JSONFragment
    /// The keywords that were left out, each once.
    package private(set) var dropped: [String] = []
    private var isChanged = false

    package init(_ schema: JSONFragment) {
        fragment = schema
        guard let root = (try? schema.document())?.root, root.kind == .object else { return }
        var json = JSONWriter()
        write(root, depth: 0, to: &json)
        if isChanged, let written = try? JSONDocument(json.buffer).root.fragment { fragment = written }
    }

    private static let limits: Set<String> = [
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
        "maxItems",
        "uniqueItems", "minProperties", "maxProperties", "contains", "minContains", "maxContains", "propertyNames",
        "patternProperties", "dependentRequired", "dependentSchemas", "if", "then", "else", "not",
        "unevaluatedProperties",
        "unevaluatedItems",
    ]
    private static let formats: Set<String> = [
        "date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid",
    ]
    /// Their members are schemas by names of the caller's.
    private static let named: Set<String> = ["properties", "$defs", "definitions"]
    /// Values that are no schemas, whatever they look like.
    private static let values: Set<String> = ["enum", "const", "default", "examples", "required"]

    private mutating func write(_ schema: JSONView, depth: Int, to json: inout JSONWriter) {
        guard schema.kind == .object, depth < 64 else { return json.value(schema.fragment) }
        let isObject = schema["properties"] != nil || schema["type"]?.isString("object") == true
        json.object { json in
            for (name, value) in schema.members {
                let keyword = name.word ?? ""
                guard isTaken(keyword, value) else {
                    isChanged = true
                    if !dropped.contains(keyword) { dropped.append(keyword) }
                    continue
                }
                if keyword == "additionalProperties", isObject, value.bool != false {
                    if !dropped.contains(keyword) { dropped.append(keyword) }
                    continue
                }
                if keyword == "oneOf" { isChanged = true }
                json.key(dynamic: keyword == "oneOf" ? "anyOf" : keyword)
                if Self.named.contains(keyword), value.kind == .object {
                    json.object { json in
                        for (name, value) in value.members {
                            json.key(dynamic: name.string ?? "")
                            write(value, depth: depth + 1, to: &json)
                        }
                    }
                } else if Self.values.contains(keyword) {
                    json.value(value.fragment)
                } else if value.kind == .array {
                    json.array { json in for inner in value.elements { write(inner, depth: depth + 1, to: &json) } }
                } else {
                    write(value, depth: depth + 1, to: &json)
                }
            }
            if isObject, schema["additionalProperties"]?.bool != false {
                isChanged = true
                json.member("additionalProperties", false)
            }
        }
    }

    private func isTaken(_ keyword: String, _ value: JSONView) -> Bool {
        if Self.limits.contains(keyword) { return false }
        if keyword == "format", let format = value.word { return Self.formats.contains(format) }
        if keyword == "minItems", let least = value.int { return least <= 1 }
        return true
    }
}
