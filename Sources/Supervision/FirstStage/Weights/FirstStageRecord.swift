// Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

/// The parameters of the first stage, as its training fixed them. The
/// weights stand in files of their own.
enum FirstStageRecord {
    /// The SHA-256 of the rows that it was trained on.
    static let data = "571e26222ae5e25724046164a4b693d3a161db89b36d334378f340af60c8a79f"
    /// The SHA-256 of parameters and weights.
    static let digest = "16da768773f244ceeac311d91836044273d1ea6522fa10c71a9f051963521d22"
    /// In the order of the heads.
    static let heads: [FirstStageHead] = [
        FirstStageHead(
            lowest: -89, highest: 177, drift: 11,
            thresholds: [
<<<<<<< HEAD
                285, 285, 285, 317, 317, 571, 571, 571, 571, 571, 571, 571,
=======
                213, 213, 220, 277, 277, 277, 277, 452, 452, 452, 452, 452
            ],
            thresholdsOfRead: [
                197, 208, 213, 326, 326, 326, 381, 502, 502, 502, 502, 502
>>>>>>> e3915e681704c8b3d513ce2d5c67e1aabf81d3b6
            ]),
        FirstStageHead(
            lowest: -92, highest: 184, drift: 11,
            thresholds: [
<<<<<<< HEAD
                180, 187, 261, 293, 295, 321, 354, 461, 461, 461, 461, 461,
=======
                347, 347, 347, 347, 347, 347, 347, 347, 347, 347, 347, 347
            ],
            thresholdsOfRead: [
                184, 195, 279, 329, 384, 384, 436, 536, 536, 536, 536, 536
>>>>>>> e3915e681704c8b3d513ce2d5c67e1aabf81d3b6
            ]),
        FirstStageHead(
            lowest: -168, highest: 336, drift: 21,
            thresholds: [
<<<<<<< HEAD
                354, 354, 354, 354, 354, 354, 354, 354, 354, 354, 354, 354,
=======
                380, 380, 380, 380, 380, 380, 380, 380, 380, 380, 380, 380
            ],
            thresholdsOfRead: [
                336, 336, 336, 336, 336, 336, 336, 336, 336, 336, 336, 336
>>>>>>> e3915e681704c8b3d513ce2d5c67e1aabf81d3b6
            ]),
        FirstStageHead(
            lowest: -233, highest: 466, drift: 29,
            thresholds: [
<<<<<<< HEAD
                701, 701, 701, 701, 701, 701, 701, 701, 701, 701, 701, 701,
=======
                779, 779, 779, 779, 779, 779, 779, 779, 779, 779, 779, 779
            ],
            thresholdsOfRead: [
                466, 466, 466, 466, 466, 466, 466, 466, 466, 466, 466, 466
>>>>>>> e3915e681704c8b3d513ce2d5c67e1aabf81d3b6
            ]),
    ]
}
