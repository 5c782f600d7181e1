import ArgumentParser

/// `holdfast weights`
struct WeightsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weights",
        abstract: "Look into files of weights, sign and verify them, and see what hosted models run on.",
        subcommands: [
            WeightsInspect.self, WeightsVerify.self, WeightsSign.self, WeightsCustody.self, WeightsKey.self,
            WeightsEngine.self, WeightsReceipt.self,
        ])
}
