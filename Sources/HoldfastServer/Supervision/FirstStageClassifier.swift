import Supervision

/// The first stage that ships, as the cascade asks it.
struct FirstStageClassifier: TextClassifier {
    let stage: FirstStage

    func score(_ view: [UInt8], after words: Int) -> ScoredText {
        var meter = FirstStageMeter(stage)
        meter.append(utf8: view)
        let scores = meter.scores
        var relative = RelativeScores()
        for head in Head.allCases {
            relative[head] = stage.relative(head, scores, requestLength: words + scores.length)
        }
        return ScoredText(relative, words: scores.length)
    }
}
