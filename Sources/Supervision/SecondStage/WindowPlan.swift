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
    ///   - isWhole: True where the model is asked about all that it has not
    ///     seen, and not about the first ``SecondStageLimits/newWindows`` alone.
    package init(_ keys: [WindowKey], _ cache: inout WindowScoreCache, isWhole: Bool = false) {
        self.keys = keys
        let most = isWhole ? keys.count : SecondStageLimits.newWindows
        known = Array(repeating: nil, count: keys.count)
        for (place, key) in keys.enumerated() where places[key] == nil {
            // A window that stands here twice is looked up twice: its memory
            // doesn't change meanwhile.
            switch cache.memory(of: key) {
            case .scored(let scores): known[place] = scores
            case .passedOver where !isWhole: break
            case .passedOver, nil:
                guard asked.count < most else {
                    passedOver.append(key)
                    continue
                }
                places[key] = asked.count
                asked.append(place)
            }
        }
    }

    /// The key of a window that is asked about.
    package func key(asked place: Int) -> WindowKey { keys[asked[place]] }

    /// The number of windows that were seen in earlier requests.
    package var cached: Int { known.count { $0 != nil } }

    /// Notes what was passed over, which is not new the next time, and puts
    /// all scores together.
    ///
    /// - Parameter answers: The scores of the windows asked about, in order.
    /// - Returns: One for each window; nil for one that was not seen.
    package func finish(_ answers: [HeadScores], _ cache: inout WindowScoreCache) -> [HeadScores?] {
        for key in passedOver { cache.remember(key, .passedOver) }
        var scores = known
        for (place, key) in keys.enumerated() where scores[place] == nil {
            if let asked = places[key], asked < answers.count { scores[place] = answers[asked] }
        }
        return scores
    }
}
