package import Wire

/// OpenAI's form of a schema that a model is held to strictly: every object
/// names all of its properties in `required` and allows no others. Other
/// dialects' strict schemas may have optional properties.
///
/// https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
package enum StrictSchema {
    package static func fits(_ schema: JSONFragment) -> Bool {
        guard let root = (try? schema.document())?.root else { return false }
        return fits(root, depth: 0)
    }

    private static func fits(_ schema: JSONView, depth: Int) -> Bool {
        // Deeper than OpenAI allows.
        guard schema.kind == .object, depth < 16 else { return schema.kind != .object }
        if schema["properties"] != nil || schema["type"]?.isString("object") == true {
            guard schema["additionalProperties"]?.bool == false else { return false }
            var required: Set<String> = []
            if let names = schema["required"] { for name in names.elements { required.insert(name.word ?? "") } }
            if let properties = schema["properties"] {
                for (name, _) in properties.members where !required.contains(name.word ?? "") { return false }
            }
        }
        for (name, value) in schema.members {
            switch value.kind {
            case .object:
                // Members of these are schemas by the names of properties.
                let holdsNames = ["properties", "$defs", "definitions", "patternProperties"].contains(name.word ?? "")
                if holdsNames {
                    for (_, inner) in value.members where !fits(inner, depth: depth + 1) { return false }
                } else if !fits(value, depth: depth + 1) {
                    return false
                }
            case .array:
                for inner in value.elements where inner.kind == .object && !fits(inner, depth: depth + 1) {
                    return false
                }
            default: break
            }
        }
        return true
    }

    /// A schema of an object as all servers take it: some refuse one without
    /// `properties`.
    package static func withProperties(_ schema: JSONFragment) -> JSONFragment {
        guard let root = (try? schema.document())?.root, root.kind == .object else { return schema }
        let type = root["type"]
        guard type == nil || type?.isString("object") == true, root["properties"] == nil else { return schema }
        // What is made of other schemas has its properties there.
        for name in ["anyOf", "oneOf", "allOf", "$ref", "enum"] as [StaticString] where root[name] != nil {
            return schema
        }
        var json = JSONWriter()
        json.object { json in
            if type == nil { json.member("type", "object") }
            for (name, value) in root.members {
                json.key(dynamic: name.string ?? "")
                json.value(value.fragment)
            }
            json.object("properties") { _ in }
        }
        return (try? JSONDocument(json.buffer).root.fragment) ?? schema
    }
}
