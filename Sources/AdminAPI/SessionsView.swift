/// `GET /admin/sessions`: the sessions of coding agents, and of all who mark
/// their requests, since the start; the newest first.
package struct SessionsView: Codable, Sendable, Hashable {
    /// One agent of a session, or a session without several.
    package struct Session: Codable, Sendable, Hashable {
        /// The key's id.
        package var key: String
        package var session: String?
        package var agent: String?
        package var parentAgent: String?
        package var requests: Int
        package var inputTokens: Int
        package var outputTokens: Int
        /// Of the input, what was read from a provider's cache.
        package var cachedTokens: Int
        /// The number of times that it went on with another candidate.
        package var moves: Int
        /// The tokens that were in the former one's cache, and were read anew.
        package var moveTokens: Int
        /// As `provider/model`.
        package var servedBy: String?
        /// Seconds since 1970.
        package var last: Int

        package init(
            key: String, session: String?, agent: String?, parentAgent: String?, requests: Int, inputTokens: Int,
            outputTokens: Int, cachedTokens: Int, moves: Int, moveTokens: Int, servedBy: String?, last: Int
        ) {
            self.key = key
            self.session = session
            self.agent = agent
            self.parentAgent = parentAgent
            self.requests = requests
            self.inputTokens = inputTokens
            self.outputTokens = outputTokens
            self.cachedTokens = cachedTokens
            self.moves = moves
            self.moveTokens = moveTokens
            self.servedBy = servedBy
            self.last = last
        }
    }

    package var sessions: [Session]

    package init(sessions: [Session]) { self.sessions = sessions }
}
