/// A writer of safetensors files, which are valid unless a test changes them.
struct SafeTensorsWriter: Sendable {
    var header: [UInt8]
    var length: UInt64?
    var data: [UInt8]

    init(_ header: String, data: Int) {
        (self.header, self.data) = (Array(header.utf8), Array(repeating: 7, count: data))
    }

    static let model = SafeTensorsWriter(
        #"{"__metadata__":{"format":"pt"},"# + #""a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#
            + #""b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}}"#, data: 32)

    /// The tensor `a` with this after its name.
    static func a(_ info: String, data: Int = 24) -> [UInt8] { SafeTensorsWriter(#"{"a":\#(info)}"#, data: data).bytes }

    var text: String {
        get { String(decoding: header, as: UTF8.self) }
        set { header = Array(newValue.utf8) }
    }

    mutating func replace(_ old: String, _ new: String) {
        let parts = text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
        precondition(parts.count == 2, "nothing to replace")
        text = parts[0] + new + parts[1]
    }

    var bytes: [UInt8] { GGUFWriter.little(length ?? UInt64(header.count)) + header + data }
}
