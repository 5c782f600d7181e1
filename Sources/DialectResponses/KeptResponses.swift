package import Conversation
import Encodings

/// The part of the API that is about responses and conversations which a server
/// keeps: Holdfast keeps none.
extension ResponsesDialect {
    package func absence(at path: Substring) -> APIProblem? {
        for (prefix, what) in [("/v1/responses/", "response"), ("/v1/conversations", "conversation")]
        where path.utf8.starts(with: prefix.utf8) {
            return APIProblem(
                .notFound,
                "There is nothing at \(Printable.excerpt(path)): Holdfast keeps no \(what) (every answer says "
                    + "\"store\": false), so that any provider can go on. Send the whole conversation as `input`.",
                code: "not_stored")
        }
        return nil
    }
}
