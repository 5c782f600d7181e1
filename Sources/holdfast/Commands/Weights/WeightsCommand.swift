import ArgumentParser

/// `holdfast weights`
struct WeightsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weights", abstract: "Look into files of weights, sign them, and verify what was signed.",
        subcommands: [
            WeightsInspect.self, WeightsVerify.self, WeightsSign.self, WeightsCustody.self, WeightsKey.self,
        ])
}
