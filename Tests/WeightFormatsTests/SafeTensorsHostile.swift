extension SafeTensorsTests {
    static let frames: [HostileFile] = [
        .safetensors("a length past the limit", says: "the most is 100,000,000") { $0.length = 100_000_001 },
        .safetensors("a length of 2^64 - 1", says: "the most is 100,000,000") { $0.length = .max },
        .safetensors("a length past the end", says: "and 176 follow") { $0.length = 4000 },
        .safetensors("a length of 0", says: "is said to have 0 bytes") { $0.length = 0 },
        .safetensors("a length too short", says: "the header") { $0.length = 100 },
        .safetensors("a length too long", says: "goes on behind its end") { $0.length = 150 },
        .safetensors("a space before {", says: "does not start with {") { $0.text = " " + $0.text },
        .safetensors("a byte-order mark before {", says: "does not start with {") { $0.text = "\u{FEFF}" + $0.text },
        .safetensors("an array", says: "does not start with {") { $0.text = "[]" },
        .safetensors("a line break as padding", says: "goes on behind its end") { $0.text += "\n" },
        .safetensors("a zero as padding", says: "goes on behind its end") { $0.header.append(0) },
        .safetensors("a second object", says: "goes on behind its end") { $0.text += "{}" },
        .safetensors("nothing", says: "has no tensors") { $0 = SafeTensorsWriter("{}", data: 0) },
        .safetensors("metadata only", says: "has no tensors") {
            $0 = SafeTensorsWriter(#"{"__metadata__":{"a":"b"}}"#, data: 0)
        },
    ]

    static let json: [HostileFile] = [
        .safetensors("a tensor twice", says: "has the member \"a\" twice") { $0.replace(#""b""#, #""a""#) },
        .safetensors("a tensor twice, spelt otherwise", says: "has the member \"a\" twice") {
            $0.replace(#""b""#, #""\u0061""#)
        },
        .safetensors("metadata twice", says: "has the member \"__metadata__\" twice") {
            $0.replace(#"{"__m"#, #"{"__metadata__":{},"__m"#)
        },
        .safetensors("a key of metadata twice", says: "has the member \"format\" twice") {
            $0.replace(#""pt""#, #""pt","format":"tf""#)
        },
        .safetensors("a type twice", says: "has the member \"dtype\" twice") {
            $0.replace(#""BF16""#, #""BF16","dtype":"F16""#)
        },
        .safetensors("metadata that is a number", says: "has no \" where one must be") { $0.replace(#""pt""#, "1") },
        .safetensors("metadata that is an object", says: "has no \" where one must be") { $0.replace(#""pt""#, "{}") },
        .safetensors("metadata that is null", says: "has no { where one must be") {
            $0.replace(#"{"format":"pt"}"#, "null")
        },
        .safetensors("a tensor that is null", says: "has no { where one must be") {
            $0 = SafeTensorsWriter(#"{"a":null}"#, data: 0)
        },
        .safetensors("a member that means nothing", says: "says \"strides\" of a tensor") {
            $0.replace(#""BF16""#, #""BF16","strides":[1]"#)
        },
        .safetensors("a comma too many", says: "has no member's name") { $0.replace("}}", "},}") },
        .safetensors("a comma too few", says: "has no } where one must be") { $0.replace("},\"b\"", "} \"b\"") },
        .safetensors("a comment", says: "has no member's name") { $0.replace(#"{"__m"#, #"{/**/"__m"#) },
        .safetensors("single quotes", says: "has no member's name") { $0.replace(#""b""#, "'b'") },
        .safetensors("a control character", says: "control character") { $0.replace(#""b""#, "\"b\n\"") },
        .safetensors("an escaped control character", says: "control characters in it") {
            $0.replace(#""b""#, #""b\u0000""#)
        },
        .safetensors("an unknown escape", says: "escape that JSON does not know") { $0.replace(#""b""#, #""\x62""#) },
        .safetensors("half a surrogate", says: "half a character") { $0.replace(#""b""#, #""\ud83d""#) },
        .safetensors("half a surrogate and a letter", says: "half a character") {
            $0.replace(#""b""#, #""\ud83d\u0061""#)
        },
        .safetensors("the other half alone", says: "half a character") { $0.replace(#""b""#, #""\ude00""#) },
        .safetensors("\\u without digits", says: "without four digits") { $0.replace(#""b""#, #""\u12g4""#) },
        .safetensors("a name that is not UTF-8", says: "is not UTF-8") {
            let place = $0.header.firstIndex(of: UInt8(ascii: "b"))!
            $0.header[place] = 0xFF
        },
        .safetensors("an empty name", says: "is empty, too long") { $0.replace(#""b""#, #""""#) },
        .safetensors("a name of 513 bytes", says: "is empty, too long") {
            $0.replace(#""b""#, "\"\(String(repeating: "b", count: 513))\"")
        },
        HostileFile(
            "depth", says: "has something other than a whole number",
            SafeTensorsWriter.a(#"{"dtype":"U8","shape":\#(String(repeating: "[", count: 100_000))"#)),
    ]

    static let infos: [HostileFile] =
        ["-1", "1.0", "1e1", "01", "00", "+2", "NaN", "null", "\"2\"", "18446744073709551616", "true", "", "0x2"].map {
            length in
            HostileFile(
                "a dimension of \(length)", says: "(at byte",
                SafeTensorsWriter.a(#"{"dtype":"F32","shape":[\#(length),3],"data_offsets":[0,24]}"#))
        }
        + bent.map { HostileFile($0.0, says: $0.2, SafeTensorsWriter.a($0.1)) }

    private static let bent: [(String, String, String)] = [
        ("a type that there is not", #"{"dtype":"F128","shape":[2,3],"data_offsets":[0,24]}"#, "\"F128\""),
        ("a type in small letters", #"{"dtype":"f32","shape":[2,3],"data_offsets":[0,24]}"#, "\"f32\""),
        ("no type", #"{"shape":[2,3],"data_offsets":[0,24]}"#, "lacks one of"),
        ("no shape", #"{"dtype":"F32","data_offsets":[0,24]}"#, "lacks one of"),
        ("no offsets", #"{"dtype":"F32","shape":[2,3]}"#, "lacks one of"),
        ("one offset", #"{"dtype":"F32","shape":[2,3],"data_offsets":[24]}"#, "does not end behind its start"),
        ("three offsets", #"{"dtype":"F32","shape":[2,3],"data_offsets":[0,24,24]}"#, "more than 2"),
        ("offsets backwards", #"{"dtype":"F32","shape":[0],"data_offsets":[24,0]}"#, "does not end behind its start"),
        ("another size", #"{"dtype":"F32","shape":[2,2],"data_offsets":[0,24]}"#, "needs 16 bytes"),
        ("half a byte", #"{"dtype":"F4","shape":[47],"data_offsets":[0,24]}"#, "whole bytes"),
        ("a quarter of a byte", #"{"dtype":"F6_E2M3","shape":[33],"data_offsets":[0,24]}"#, "whole bytes"),
        ("elements past 2^64", #"{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,24]}"#, "be counted"),
        (
            "elements past 2^64 and then none",
            #"{"dtype":"F32","shape":[9223372036854775808,4,0],"data_offsets":[0,0]}"#, "be counted"
        ),
        ("bits past 2^64", #"{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,24]}"#, "whole bytes"),
        (
            "33 dimensions",
            #"{"dtype":"F32","shape":[6\#(String(repeating: ",1", count: 32))],"data_offsets":[0,24]}"#, "more than 32"
        ),
    ]

    static let places: [HostileFile] = [
        .safetensors("a hole before the first", says: "leaves a hole") {
            $0.replace("[0,24]", "[8,32]")
            $0.replace("[24,32]", "[32,40]")
            $0.data += [0, 0, 0, 0, 0, 0, 0, 0]
        },
        .safetensors("a hole", says: "leaves a hole behind 24") {
            $0.replace("[24,32]", "[32,40]")
            $0.data += [0, 0, 0, 0, 0, 0, 0, 0]
        },
        .safetensors("a tensor over another", says: "within the data before it") { $0.replace("[24,32]", "[16,24]") },
        .safetensors("the same data twice", says: "within the data before it") {
            $0.replace(
                #""dtype":"BF16","shape":[4],"data_offsets":[24,32]"#,
                #""dtype":"F32","shape":[6],"data_offsets":[0,24]"#)
        },
        .safetensors("a byte behind the end", says: "must end, come 1 byte (") { $0.data.append(0) },
        .safetensors("a byte too few", says: "the file ends 1 byte before") { $0.data.removeLast() },
        .safetensors("an end past 2^63", says: "bytes before the tensor") {
            $0.replace(#"[4],"data_offsets":[24,32]"#, #"[576460752303423488],"data_offsets":[24,1152921504606847000]"#)
        },
        .safetensors("a ZIP behind the end", says: "must end, come ") { $0.data += ZIPArchive.small },
    ]
}
