package import Wire

/// The members that the gateway must know of a request which is forwarded byte
/// by byte.
///
/// Nothing in the request is changed for this. A stream reports usage at its
/// end only where the caller asked for it: a chunk that the caller didn't ask
/// for must not come.
package struct OpenAIPassthrough: Sendable {
    /// The model's name as it stands, to be read and to be spliced; nil
    /// where there is none or it isn't text.
    package let model: JSONView?
    package let isStreaming: Bool
    /// `stream_options.include_usage`.
    package let includesUsage: Bool

    /// - Parameter document: skimmed will do (``JSONLimits/skim``).
    package init(_ document: JSONDocument) {
        var model: JSONView?
        var isStreaming = false
        var includesUsage = false
        for (name, value) in document.root.members {
            if name.isString("model") {
                if value.kind == .string { model = value }
            } else if name.isString("stream") {
                isStreaming = value.bool ?? false
            } else if name.isString("stream_options") {
                // A skimmed document has no index of what lies inside.
                includesUsage = (try? value.fragment.document().root["include_usage"]?.bool) ?? false
            }
        }
        self.model = model
        self.isStreaming = isStreaming
        self.includesUsage = includesUsage
    }
}
