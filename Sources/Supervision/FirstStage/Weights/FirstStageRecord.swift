// Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

/// The parameters of the first stage, as its training fixed them. The
/// weights stand in files of their own.
enum FirstStageRecord {
    /// The SHA-256 of the rows that it was trained on.
    static let data = "2bc2ae8b4abb2e4d9c866eeb6555745652a9d1b203940b9d4b5f1e1d858ffdbe"
    /// The SHA-256 of the reading of sample texts with which it was trained.
    static let reading = "d8f44d58c3eef91ad640818848d306595b5747c445be99991ef1832aeb38be6a"
    /// The SHA-256 of parameters and weights.
    static let digest = "5dfdbaa53e0cdcdb475dd62ad5e1430c5237aea767cfe8be4df53684c7d889b7"
    /// In the order of the heads.
    static let heads: [FirstStageHead] = [
        FirstStageHead(
            lowest: -80, highest: 144, drift: 10,
            thresholds: [
                208, 208, 208, 277, 277, 277, 317, 317, 317, 317, 317, 317,
            ],
            thresholdsOfRead: [
                174, 313, 413, 413, 413, 498, 516, 516, 516, 516, 516, 516,
            ]),
        FirstStageHead(
            lowest: -94, highest: 188, drift: 12,
            thresholds: [
                364, 364, 364, 364, 364, 364, 364, 364, 364, 364, 364, 364,
            ],
            thresholdsOfRead: [
                273, 273, 324, 330, 330, 583, 583, 583, 583, 583, 583, 583,
            ]),
        FirstStageHead(
            lowest: -170, highest: 339, drift: 21,
            thresholds: [
                355, 355, 355, 355, 355, 355, 355, 939, 939, 939, 939, 939,
            ],
            thresholdsOfRead: [
                339, 339, 339, 339, 339, 339, 339, 339, 339, 339, 339, 339,
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
