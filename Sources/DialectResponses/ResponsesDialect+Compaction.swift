package import Conversation

extension ResponsesDialect: CompactionCaller {
    package var compactionAddresses: [CallerAddress] { [CallerAddress("/v1/responses/compact", isStream: false)] }
}
