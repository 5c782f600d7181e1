import Wire

/// Content blocks that another API can be told as plain text.
///
/// https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/tool-search-tool
/// https://docs.anthropic.com/en/docs/build-with-claude/compaction
enum PlainBlock {
    /// - Returns: nil for a block of another type, or of another form.
    static func text(_ block: JSONView, _ type: String) -> String? {
        switch type {
        // The tool itself stands in `tools`.
        case "tool_reference": return block["tool_name"]?.string.map { "The tool \($0) is available." }
        // A summary that takes the place of the turns before it.
        case "compaction": return block["content"]?.string
        default: return nil
        }
    }
}
