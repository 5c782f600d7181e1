// Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

/// The parameters of the first stage, as its training fixed them. The
/// weights stand in files of their own.
enum FirstStageRecord {
    /// The SHA-256 of the rows that it was trained on.
    static let data = "49cb05b226926ca85ed438c155b8181875250af5ec1e504282c3adf30f4d476b"
    /// The SHA-256 of the reading of sample texts with which it was trained.
    static let reading = "d8f44d58c3eef91ad640818848d306595b5747c445be99991ef1832aeb38be6a"
    /// The SHA-256 of parameters and weights.
    static let digest = "0c495c85619a8cc010fff919aaa66e15f4feb6a6272846695eb41fa02a07a2f8"
    /// In the order of the heads.
    static let heads: [FirstStageHead] = [
        FirstStageHead(
            lowest: -89, highest: 178, drift: 11,
            thresholds: [
                196, 196, 212, 231, 231, 231, 231, 231, 231, 231, 231, 231,
            ],
            thresholdsOfRead: [
                178, 328, 328, 389, 389, 462, 462, 577, 577, 577, 577, 577,
            ]),
        FirstStageHead(
            lowest: -91, highest: 182, drift: 11,
            thresholds: [
                348, 348, 348, 348, 348, 348, 348, 348, 348, 348, 348, 348,
            ],
            thresholdsOfRead: [
                261, 261, 354, 364, 364, 541, 541, 608, 608, 608, 608, 608,
            ]),
        FirstStageHead(
            lowest: -178, highest: 356, drift: 22,
            thresholds: [
                417, 417, 417, 417, 417, 417, 417, 778, 778, 778, 778, 778,
            ],
            thresholdsOfRead: [
                356, 356, 356, 356, 356, 356, 356, 356, 356, 356, 356, 356,
            ]),
        FirstStageHead(
            lowest: -252, highest: 504, drift: 31,
            thresholds: [
                860, 860, 860, 860, 860, 860, 860, 860, 860, 860, 860, 860,
            ],
            thresholdsOfRead: [
                504, 504, 504, 504, 504, 504, 504, 504, 504, 504, 504, 504,
            ]),
    ]
}
