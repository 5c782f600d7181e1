// Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

/// The parameters of the first stage, as its training fixed them. The
/// weights stand in files of their own.
enum FirstStageRecord {
    /// The SHA-256 of the rows that it was trained on.
    static let data = "ae277f4ebd2eb5d52215cf89fa51ee7c2a0f5bf25d20124ef08a5f2fd72869ce"
    /// The SHA-256 of the reading of sample texts with which it was trained.
    static let reading = "d8f44d58c3eef91ad640818848d306595b5747c445be99991ef1832aeb38be6a"
    /// The SHA-256 of parameters and weights.
    static let digest = "6281355e849cd17bb597b14b37a08a32e498f9ad7e749c50b618d828a7f9b9f8"
    /// In the order of the heads.
    static let heads: [FirstStageHead] = [
        FirstStageHead(
            lowest: -93, highest: 185, drift: 12,
            thresholds: [
                207, 207, 220, 261, 261, 261, 261, 261, 261, 261, 261, 261,
            ],
            thresholdsOfRead: [
                185, 245, 273, 323, 323, 323, 323, 425, 425, 425, 425, 425,
            ]),
        FirstStageHead(
            lowest: -94, highest: 189, drift: 12,
            thresholds: [
                334, 334, 334, 334, 334, 334, 334, 334, 334, 334, 334, 334,
            ],
            thresholdsOfRead: [
                189, 192, 239, 347, 347, 347, 430, 430, 430, 430, 430, 430,
            ]),
        FirstStageHead(
            lowest: -178, highest: 357, drift: 22,
            thresholds: [
                415, 415, 415, 415, 415, 415, 415, 415, 415, 415, 415, 415,
            ],
            thresholdsOfRead: [
                357, 357, 357, 357, 357, 357, 357, 357, 357, 357, 357, 357,
            ]),
        FirstStageHead(
            lowest: -230, highest: 461, drift: 29,
            thresholds: [
                840, 840, 840, 840, 840, 840, 840, 840, 840, 840, 840, 840,
            ],
            thresholdsOfRead: [
                461, 461, 461, 461, 461, 461, 461, 461, 461, 461, 461, 461,
            ]),
    ]
}
