// Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

/// The parameters of the first stage, as its training fixed them. The
/// weights stand in files of their own.
enum FirstStageRecord {
    /// The SHA-256 of the rows that it was trained on.
    static let data = "571e26222ae5e25724046164a4b693d3a161db89b36d334378f340af60c8a79f"
    /// The SHA-256 of parameters and weights.
    static let digest = "cbabc1dcaa9e806245ae309c7abaab7ac05dd15051c384977155933980ed7e81"
    /// In the order of the heads.
    static let heads: [FirstStageHead] = [
        FirstStageHead(
            lowest: -123, highest: 245, drift: 15,
            thresholds: [
                260, 260, 260, 353, 353, 552, 552, 552, 552, 552, 552, 552
            ]),
        FirstStageHead(
            lowest: -86, highest: 172, drift: 11,
            thresholds: [
                172, 172, 253, 278, 278, 394, 394, 443, 443, 443, 443, 443
            ]),
        FirstStageHead(
            lowest: -171, highest: 342, drift: 21,
            thresholds: [
                403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403
            ]),
        FirstStageHead(
            lowest: -251, highest: 503, drift: 31,
            thresholds: [
                701, 701, 701, 701, 701, 701, 701, 701, 701, 701, 701, 701
            ]),
    ]
}
