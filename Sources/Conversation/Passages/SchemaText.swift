import Wire

/// The texts of a JSON Schema, one a line: descriptions, names of properties,
/// values of enums and everything else that an author words.
///
/// Left out are only the keywords of the grammar where they stand as keywords,
/// the seven words of `type`, and names in `required` that `properties` has.
///
/// https://json-schema.org/draft/2020-12/json-schema-core
struct SchemaText {
    private var lines = PassageText.Lines()

    static func lines(of schema: JSONView) -> String {
        var reader = SchemaText()
        reader.read(schema)
        return reader.lines.text
    }

    /// Nesting is bounded by the document's own limit.
    private mutating func read(_ view: JSONView) {
        guard view.kind == .object else {
            if view.kind == .array {
                for element in view.elements { read(element) }
            } else {
                lines.add(view)
            }
            return
        }
        for (name, value) in view.members {
            switch name.word ?? "" {
            case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas":
                guard value.kind == .object else { fallthrough }
                for (name, schema) in value.members {
                    lines.add(name)
                    read(schema)
                }
            case "items", "additionalItems", "additionalProperties", "unevaluatedProperties", "unevaluatedItems",
                "contains", "propertyNames", "not", "if", "then", "else", "anyOf", "allOf", "oneOf", "prefixItems":
                read(value)
            case "type": readTypes(value)
            case "required": readRequired(value, in: view)
            case "title", "description", "$comment", "default", "example", "examples", "const", "enum", "pattern",
                "format",
                "$id", "$ref", "$schema", "$anchor", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
                "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "multipleOf", "minProperties",
                "maxProperties", "nullable", "deprecated", "readOnly", "writeOnly", "strict":
                addAll(value)
            default:
                lines.add(name)
                addAll(value)
            }
        }
    }

    private mutating func addAll(_ view: JSONView) {
        for string in view.strings { lines.add(string) }
    }

    private mutating func readTypes(_ view: JSONView) {
        for string in view.strings where !Self.types.contains(where: string.isString) { lines.add(string) }
    }

    private mutating func readRequired(_ view: JSONView, in schema: JSONView) {
        guard view.kind == .array, let properties = schema["properties"] else { return addAll(view) }
        // Names of properties are short, as a rule; a longer one is said twice.
        var known: Set<[UInt8]> = []
        for (name, _) in properties.members where name.range.count <= JSONView.longestWord {
            known.insert(name.withText { Array($0) })
        }
        for string in view.strings
        where string.range.count > JSONView.longestWord || !known.contains(string.withText { Array($0) }) {
            lines.add(string)
        }
    }

    private static let types: [StaticString] = [
        "object", "array", "string", "number", "integer", "boolean", "null",
    ]
}
