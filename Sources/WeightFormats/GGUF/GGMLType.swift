/// The storage type of a tensor's numbers: blocks with a fixed number of elements and of bytes.
///
/// Source: `ggml_type` of ggml.h and the sizes of ggml-common.h's blocks.
struct GGMLType: Sendable {
    let name: String
    let blockElements: UInt64
    let blockBytes: UInt64

    private init(_ name: String, _ blockElements: UInt64, _ blockBytes: UInt64) {
        (self.name, self.blockElements, self.blockBytes) = (name, blockElements, blockBytes)
    }

    static let known: [UInt32: GGMLType] = [
        0: GGMLType("F32", 1, 4), 1: GGMLType("F16", 1, 2), 30: GGMLType("BF16", 1, 2), 28: GGMLType("F64", 1, 8),
        24: GGMLType("I8", 1, 1), 25: GGMLType("I16", 1, 2), 26: GGMLType("I32", 1, 4), 27: GGMLType("I64", 1, 8),

        2: GGMLType("Q4_0", 32, 18), 3: GGMLType("Q4_1", 32, 20), 6: GGMLType("Q5_0", 32, 22),
        7: GGMLType("Q5_1", 32, 24), 8: GGMLType("Q8_0", 32, 34),
        41: GGMLType("Q1_0", 128, 18), 42: GGMLType("Q2_0", 64, 18),

        10: GGMLType("Q2_K", 256, 84), 11: GGMLType("Q3_K", 256, 110), 12: GGMLType("Q4_K", 256, 144),
        13: GGMLType("Q5_K", 256, 176), 14: GGMLType("Q6_K", 256, 210),

        16: GGMLType("IQ2_XXS", 256, 66), 17: GGMLType("IQ2_XS", 256, 74), 22: GGMLType("IQ2_S", 256, 82),
        18: GGMLType("IQ3_XXS", 256, 98), 21: GGMLType("IQ3_S", 256, 110), 19: GGMLType("IQ1_S", 256, 50),
        29: GGMLType("IQ1_M", 256, 56), 20: GGMLType("IQ4_NL", 32, 18), 23: GGMLType("IQ4_XS", 256, 136),

        34: GGMLType("TQ1_0", 256, 54), 35: GGMLType("TQ2_0", 256, 66),
        39: GGMLType("MXFP4", 32, 17), 40: GGMLType("NVFP4", 64, 36),
    ]

    /// Numbers that once had a meaning; an engine may still have room for
    /// them in its tables, with a block of no elements.
    static let removed: [UInt32: String] = [
        4: "Q4_2", 5: "Q4_3", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8", 36: "IQ4_NL_4_4", 37: "IQ4_NL_4_8",
        38: "IQ4_NL_8_8",
    ]

    /// The types that engines convert activations to during computation. Engines have no conversion from these types
    /// back to numbers, so weights of such a type lead to a null pointer.
    static let transient: [UInt32: String] = [9: "Q8_1", 15: "Q8_K"]
}
