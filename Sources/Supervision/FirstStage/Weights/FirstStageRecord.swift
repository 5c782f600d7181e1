// Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

/// The parameters of the first stage, as its training fixed them. The
/// weights stand in files of their own.
enum FirstStageRecord {
    /// The SHA-256 of the rows that it was trained on.
    static let data = "571e26222ae5e25724046164a4b693d3a161db89b36d334378f340af60c8a79f"
    /// The SHA-256 of parameters and weights.
    static let digest = "f957c3c989c383aff33be11a3301425bbe7751b56042edce2baecb9e3fd4f526"
    /// In the order of the heads.
    static let heads: [FirstStageHead] = [
        FirstStageHead(
            lowest: -89, highest: 178, drift: 11,
            thresholds: [
                199, 199, 199, 289, 289, 289, 289, 455, 455, 455, 455, 455
            ],
            thresholdsOfRead: [
                190, 210, 216, 321, 321, 321, 380, 506, 506, 506, 506, 506
            ]),
        FirstStageHead(
            lowest: -90, highest: 179, drift: 11,
            thresholds: [
                332, 332, 332, 332, 332, 332, 332, 332, 332, 332, 332, 332
            ],
            thresholdsOfRead: [
                182, 209, 288, 320, 366, 366, 392, 396, 396, 396, 396, 396
            ]),
        FirstStageHead(
            lowest: -169, highest: 338, drift: 21,
            thresholds: [
                383, 383, 383, 383, 383, 383, 383, 383, 383, 383, 383, 383
            ],
            thresholdsOfRead: [
                338, 338, 338, 338, 338, 338, 338, 338, 338, 338, 338, 338
            ]),
        FirstStageHead(
            lowest: -211, highest: 422, drift: 26,
            thresholds: [
                777, 777, 777, 777, 777, 777, 777, 777, 777, 777, 777, 777
            ],
            thresholdsOfRead: [
                422, 422, 422, 422, 422, 422, 422, 422, 422, 422, 422, 422
            ]),
    ]
}
