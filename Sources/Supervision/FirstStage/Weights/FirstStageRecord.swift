// Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

/// The parameters of the first stage, as its training fixed them. The
/// weights stand in files of their own.
enum FirstStageRecord {
    /// The SHA-256 of the rows that it was trained on.
    static let data = "f8aeb5c99bfcd79e2229b570fec00e08d2eb4ca3469b67d50c8996c7c5586a93"
    /// The SHA-256 of parameters and weights.
    static let digest = "e359f40c4a635ca17163ba69dbf0cf907c3b06adfbc1de8506753a094fb6d20c"
    /// In the order of the heads.
    static let heads: [FirstStageHead] = [
        FirstStageHead(
            lowest: -130, highest: 260, drift: 16,
            thresholds: [
                318, 318, 318, 350, 350, 350, 350, 350, 350, 350, 350, 350,
            ]),
        FirstStageHead(
            lowest: -94, highest: 188, drift: 12,
            thresholds: [
                188, 188, 219, 255, 293, 324, 493, 493, 493, 493, 493, 493,
            ]),
        FirstStageHead(
            lowest: -170, highest: 341, drift: 21,
            thresholds: [
                414, 414, 414, 572, 572, 572, 572, 572, 572, 572, 572, 572,
            ]),
        FirstStageHead(
            lowest: -245, highest: 490, drift: 31,
            thresholds: [
                743, 743, 743, 743, 743, 743, 743, 743, 743, 743, 743, 743,
            ]),
    ]
}
