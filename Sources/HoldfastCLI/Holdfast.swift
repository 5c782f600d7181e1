package import ArgumentParser

/// The command line: its commands are in `Commands/`.
package struct Holdfast: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "An LLM gateway and model host for teams that cannot stop.",
        discussion: """
            Applications keep talking to one address in the API they already use: OpenAI's Chat \
            Completions or Responses, Anthropic's Messages, or Amazon Bedrock's Converse and \
            InvokeModel. Holdfast serves them from the providers it has keys for and from models \
            that it hosts itself.

            Start with `holdfast serve`; `holdfast check FILE` says what is wrong with a \
            configuration without starting. Exit codes are those of sysexits.h: 64 wrong usage, \
            66 a file is missing, 69 not reachable, 78 a broken configuration.
            """,
        version: Version.current,
        subcommands: [
            Serve.self, Check.self, Keys.self, Models.self, Status.self, HoldByHand.self, Restore.self,
            Acknowledge.self, Drill.self, LedgerCommand.self, WitnessCommand.self, SLA.self, ExposureCommand.self,
            SessionsCommand.self, DisclosuresCommand.self, PeopleCommand.self, VetoCommand.self, StandardsCommand.self,
            ConstitutionCommand.self, Supervise.self,
            WeightsCommand.self, EngineCommands.self, SupervisorCommands.self, Classify.self,
            Version.self, EngineGuard.self,
        ])

    package init() {}

    /// Runs the command that the process was started with, and ends the process
    /// with its exit code.
    package static func launch() async { await main() }
}
