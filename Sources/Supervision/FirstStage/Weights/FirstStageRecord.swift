// Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

/// The parameters of the first stage, as its training fixed them. The
/// weights stand in files of their own.
enum FirstStageRecord {
    /// The SHA-256 of the rows that it was trained on.
    static let data = "2bc2ae8b4abb2e4d9c866eeb6555745652a9d1b203940b9d4b5f1e1d858ffdbe"
    /// The SHA-256 of the reading of sample texts with which it was trained.
    static let reading = "d8f44d58c3eef91ad640818848d306595b5747c445be99991ef1832aeb38be6a"
    /// The SHA-256 of parameters and weights.
    static let digest = "31bfba0641a41694028bc275d602221380bc38dffb83c88392e4de0682bf0f1a"
    /// In the order of the heads.
    static let heads: [FirstStageHead] = [
        FirstStageHead(
            lowest: -80, highest: 144, drift: 10,
            thresholds: [
                190, 208, 208, 276, 276, 276, 276, 276, 276, 276, 276, 276,
            ],
            thresholdsOfRead: [
                232, 336, 353, 353, 353, 536, 536, 670, 670, 670, 670, 670,
            ]),
        FirstStageHead(
            lowest: -95, highest: 190, drift: 12,
            thresholds: [
                349, 349, 349, 349, 349, 349, 349, 349, 349, 349, 349, 349,
            ],
            thresholdsOfRead: [
                261, 261, 321, 375, 375, 716, 716, 805, 805, 805, 805, 805,
            ]),
        FirstStageHead(
            lowest: -174, highest: 347, drift: 22,
            thresholds: [
                362, 362, 362, 362, 362, 362, 362, 1096, 1096, 1096, 1096, 1096,
            ],
            thresholdsOfRead: [
                347, 347, 347, 347, 347, 347, 347, 347, 347, 347, 347, 347,
            ]),
        FirstStageHead(
            lowest: -243, highest: 486, drift: 30,
            thresholds: [
                841, 841, 841, 841, 841, 841, 841, 841, 841, 841, 841, 841,
            ],
            thresholdsOfRead: [
                486, 486, 486, 486, 486, 486, 486, 486, 486, 486, 486, 486,
            ]),
    ]
}
