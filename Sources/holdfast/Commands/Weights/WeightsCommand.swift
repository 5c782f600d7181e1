import ArgumentParser

/// `holdfast weights`
struct WeightsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weights", abstract: "Look into files of weights.", subcommands: [WeightsInspect.self])
}
