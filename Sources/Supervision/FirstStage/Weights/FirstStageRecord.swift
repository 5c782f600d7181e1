// Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

/// The parameters of the first stage, as its training fixed them. The
/// weights stand in files of their own.
enum FirstStageRecord {
    /// The SHA-256 of the rows that it was trained on.
    static let data = "2bc2ae8b4abb2e4d9c866eeb6555745652a9d1b203940b9d4b5f1e1d858ffdbe"
    /// The SHA-256 of the reading of sample texts with which it was trained.
    static let reading = "d8f44d58c3eef91ad640818848d306595b5747c445be99991ef1832aeb38be6a"
    /// The SHA-256 of parameters and weights.
    static let digest = "d890e3d0289c2ca356aff429d7ec5e8e9259a9bf9f5dcb83ab4f7f1d36f649d0"
    /// In the order of the heads.
    static let heads: [FirstStageHead] = [
        FirstStageHead(
            lowest: -48, highest: 96, drift: 6,
            thresholds: [
                106, 106, 112, 160, 190, 190, 191, 193, 193, 193, 193, 193,
            ],
            thresholdsOfRead: [
                123, 162, 200, 218, 218, 342, 342, 427, 427, 427, 427, 427,
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
