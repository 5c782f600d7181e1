/// The parameters and weights of the first stage, as `holdfast-train` wrote them.
enum FirstStageRecord {
    static let heads = [FirstStageHead](
        repeating: FirstStageHead(lowest: -1, highest: 1, drift: 1, thresholds: [1]), count: 4)
    static let digest = ""
    static let attack: StaticString = ""
    static let injection: StaticString = ""
    static let harm: StaticString = ""
    static let output: StaticString = ""
}
