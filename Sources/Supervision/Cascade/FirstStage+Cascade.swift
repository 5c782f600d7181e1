extension FirstStage: TextClassifier {
    package func score(_ view: [UInt8], after words: Int) -> ScoredText {
        var meter = FirstStageMeter(self)
        meter.append(utf8: view)
        let scores = meter.scores
        var parts = RelativeScores()
        for head in Head.allCases {
            parts[head] = relative(head, scores, requestLength: words + scores.length)
        }
        return ScoredText(parts, words: scores.length)
    }
}
