import NIOCore
import Wire

/// Prints one JSON object in a line, for programs: what `--json` of a command
/// gives in place of its words.
func printJSON(_ members: (inout JSONWriter) -> Void) {
    var json = JSONWriter()
    json.object(members)
    print(String(buffer: json.buffer))
}
