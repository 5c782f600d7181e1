/// One request's windows, sorted into those that were seen before, those that
/// the model is asked about now, and those that it never sees.
package struct WindowPlan: Sendable {
    /// The places of the windows that the model is asked about, in their order.
    package private(set) var asked: [Int] = []
    private let keys: [WindowKey]
    /// By key: the place in `asked` of a window that is asked about.
    private var places: [WindowKey: Int] = [:]
    private var known: [HeadScores?]
    private var passedOver: [WindowKey] = []

    /// - Parameters:
    ///   - keys: of all windows, in the order in which they are worth a look.
    ///   - most: The most windows that the model is asked about.
    package init(_ keys: [WindowKey], _ cache: inout WindowScoreCache, most: Int = SecondStageLimits.newWindows) {
        self.keys = keys
        known = Array(repeating: nil, count: keys.count)
        for (place, key) in keys.enumerated() where places[key] == nil {
            switch cache.memory(of: key) {
            case .scored(let scores): known[place] = scores
            case .passedOver: break
            case nil where asked.count < most:
                places[key] = asked.count
                asked.append(place)
            case nil: passedOver.append(key)
            }
        }
    }

    /// The key of a window that is asked about.
    package func key(asked place: Int) -> WindowKey { keys[asked[place]] }

    /// Notes what was passed over, which is not new the next time, and puts
    /// all scores together.
    ///
    /// - Parameter answers: The scores of the windows asked about, in order.
    package func finish(_ answers: [HeadScores], _ cache: inout WindowScoreCache) -> SecondStageScores {
        for key in passedOver { cache.remember(key, .passedOver) }
        var result = SecondStageScores(windows: known, seen: 0, cached: 0)
        for (place, key) in keys.enumerated() {
            if known[place] != nil {
                result.cached += 1
            } else if let asked = places[key], asked < answers.count {
                result.windows[place] = answers[asked]
            }
        }
        result.seen = result.windows.count { $0 != nil }
        return result
    }
}
