// Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

/// The parameters of the first stage, as its training fixed them. The
/// weights stand in files of their own.
enum FirstStageRecord {
    /// The SHA-256 of the rows that it was trained on.
    static let data = "571e26222ae5e25724046164a4b693d3a161db89b36d334378f340af60c8a79f"
    /// The SHA-256 of parameters and weights.
    static let digest = "a8100da640401704ed3b0f5364c69393fd8e2c7988e604f1f2d40a88e4e73b5a"
    /// In the order of the heads.
    static let heads: [FirstStageHead] = [
        FirstStageHead(
            lowest: -139, highest: 277, drift: 17,
            thresholds: [
                309, 309, 309, 379, 379, 667, 667, 667, 667, 667, 667, 667
            ]),
        FirstStageHead(
            lowest: -102, highest: 204, drift: 13,
            thresholds: [
                204, 204, 277, 313, 313, 463, 463, 475, 475, 475, 475, 475
            ]),
        FirstStageHead(
            lowest: -175, highest: 350, drift: 22,
            thresholds: [
                399, 399, 399, 399, 399, 399, 399, 399, 399, 399, 399, 399
            ]),
        FirstStageHead(
            lowest: -229, highest: 458, drift: 29,
            thresholds: [
                716, 716, 716, 716, 716, 716, 716, 716, 716, 716, 716, 716
            ]),
    ]
}
