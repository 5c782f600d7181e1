// Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

/// The parameters of the first stage, as its training fixed them. The
/// weights stand in files of their own.
enum FirstStageRecord {
    /// The SHA-256 of the rows that it was trained on.
    static let data = "571e26222ae5e25724046164a4b693d3a161db89b36d334378f340af60c8a79f"
    /// The SHA-256 of the reading of sample texts with which it was trained.
    static let reading = ""
    /// The SHA-256 of parameters and weights.
    static let digest = "60ad04258187fbfba084894f2eb5b019db0e93400106bcf758c2ccbb8b79b126"
    /// In the order of the heads.
    static let heads: [FirstStageHead] = [
        FirstStageHead(
            lowest: -89, highest: 178, drift: 11,
            thresholds: [
                201, 201, 201, 289, 289, 289, 289, 459, 459, 459, 459, 459,
            ],
            thresholdsOfRead: [
                196, 210, 215, 321, 321, 321, 382, 510, 510, 510, 510, 510,
            ]),
        FirstStageHead(
            lowest: -90, highest: 180, drift: 11,
            thresholds: [
                331, 331, 331, 331, 331, 331, 331, 331, 331, 331, 331, 331,
            ],
            thresholdsOfRead: [
                185, 221, 286, 315, 366, 378, 408, 416, 416, 416, 416, 416,
            ]),
        FirstStageHead(
            lowest: -169, highest: 338, drift: 21,
            thresholds: [
                383, 383, 383, 383, 383, 383, 383, 383, 383, 383, 383, 383,
            ],
            thresholdsOfRead: [
                338, 338, 338, 338, 338, 338, 338, 338, 338, 338, 338, 338,
            ]),
        FirstStageHead(
            lowest: -211, highest: 422, drift: 26,
            thresholds: [
                777, 777, 777, 777, 777, 777, 777, 777, 777, 777, 777, 777,
            ],
            thresholdsOfRead: [
                422, 422, 422, 422, 422, 422, 422, 422, 422, 422, 422, 422,
            ]),
    ]
}
