// Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

/// The parameters of the first stage, as its training fixed them. The
/// weights stand in files of their own.
enum FirstStageRecord {
    /// The SHA-256 of the rows that it was trained on.
    static let data = "571e26222ae5e25724046164a4b693d3a161db89b36d334378f340af60c8a79f"
    /// The SHA-256 of parameters and weights.
    static let digest = "5e7e9e4639c76242c40563cf2c5317f52e5ee4e64bc1bb980f03642e95708e76"
    /// In the order of the heads.
    static let heads: [FirstStageHead] = [
        FirstStageHead(
            lowest: -127, highest: 253, drift: 16,
            thresholds: [
                285, 285, 285, 317, 317, 571, 571, 571, 571, 571, 571, 571,
            ]),
        FirstStageHead(
            lowest: -90, highest: 180, drift: 11,
            thresholds: [
                180, 187, 261, 293, 295, 321, 354, 461, 461, 461, 461, 461,
            ]),
        FirstStageHead(
            lowest: -159, highest: 318, drift: 20,
            thresholds: [
                354, 354, 354, 354, 354, 354, 354, 354, 354, 354, 354, 354,
            ]),
        FirstStageHead(
            lowest: -251, highest: 503, drift: 31,
            thresholds: [
                701, 701, 701, 701, 701, 701, 701, 701, 701, 701, 701, 701,
            ]),
    ]
}
