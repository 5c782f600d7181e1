import Testing
import WeightFormats

@Suite struct SafeTensorsTests {
    @Test func whatIsAsItShouldBeIsDescribed() throws {
        let file = try read(SafeTensorsWriter.model.bytes)
        #expect(file.format == .safetensors)
        #expect(file.metadata.map(\.key) == ["format"] && file[key: "format"] == .string("pt"))
        #expect(file.tensors.map(\.name) == ["a", "b"])
        #expect(file.tensors[1].offset == file.dataOffset + 24 && file.tensors[1].size == 8)
        #expect(file.parameters == 10)
        #expect(file.architecture == nil && file.vocabulary == nil && file.chatTemplate == nil)
    }

    /// The types that safetensors' `Dtype` has, and their bits.
    private static let types: [(String, Int)] = [
        ("BOOL", 8), ("U8", 8), ("I8", 8), ("U16", 16), ("I16", 16), ("U32", 32), ("I32", 32), ("U64", 64),
        ("I64", 64), ("F16", 16), ("BF16", 16), ("F32", 32), ("F64", 64), ("C64", 64), ("F8_E4M3", 8),
        ("F8_E5M2", 8), ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8), ("F6_E2M3", 6), ("F6_E3M2", 6),
        ("F4", 4),
    ]

    @Test(arguments: types)
    func typesAndTheirBits(_ type: String, _ bits: Int) throws {
        let file = try read(
            SafeTensorsWriter.a(#"{"dtype":"\#(type)","shape":[8],"data_offsets":[0,\#(bits)]}"#, data: bits))
        #expect(file.tensors[0].type == type && file.tensors[0].size == UInt64(bits))
    }

    private static let odd: [HostileFile] = [
        HostileFile(
            "a scalar", says: "", SafeTensorsWriter.a(#"{"dtype":"F32","shape":[],"data_offsets":[0,4]}"#, data: 4)),
        HostileFile(
            "no elements, where another starts", says: "",
            SafeTensorsWriter.a(
                #"{"dtype":"F32","shape":[0,5],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}"#,
                data: 3)),
        HostileFile(
            "another order", says: "",
            SafeTensorsWriter.a(
                #"{"data_offsets":[24,32],"shape":[2],"dtype":"I32"},"b":{"dtype":"U8","shape":[24],"data_offsets":[0,24]}"#,
                data: 32)),
        HostileFile(
            "white space and padding", says: "",
            SafeTensorsWriter(
                "{ \"a\" :\n{\"dtype\": \"U8\",\t\"shape\": [ 1 ],\r\n\"data_offsets\": [0, 1]} }    ", data: 1
            )
            .bytes),
    ]

    @Test(arguments: odd) func isTaken(_ file: HostileFile) throws { _ = try read(file.bytes) }

    @Test func escapesAreRead() throws {
        let name = #""\u00e9\ud83d\ude00\/\\""#
        let bytes = SafeTensorsWriter("{\(name):{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", data: 1)
            .bytes
        #expect(try read(bytes).tensors[0].name == "\u{E9}\u{1F600}/\\")
    }

    /// The bytes of the header's length, 80 02, are also the beginning of a pickle.
    @Test(arguments: [0x280, 0x380, 0x480, 0x580]) func aHeaderOfThisLengthIsNoPickle(_ length: Int) throws {
        var writer = SafeTensorsWriter.model
        writer.header += [UInt8](repeating: 0x20, count: length - writer.header.count)
        #expect(try read(writer.bytes).tensors.count == 2)
    }

    @Test(arguments: Self.frames + Self.json + Self.infos + Self.places) func isRefused(_ file: HostileFile) {
        file.mustBeRefused()
    }

    @Test func everythingCutOffIsRefused() {
        let bytes = SafeTensorsWriter.model.bytes
        for count in 0..<bytes.count {
            #expect(throws: FormatProblem.self, "\(count) bytes") { try read(Array(bytes.prefix(count))) }
        }
        #expect(throws: FormatProblem.self) { try read(bytes + [0]) }
    }
}
