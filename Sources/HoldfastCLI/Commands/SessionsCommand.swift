import Availability
import AdminAPI
import ArgumentParser
import Encodings
import NIOCore

/// `holdfast sessions`
struct SessionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "What the sessions of coding agents have used since the start, agent by agent.",
        discussion: """
            Sessions and agents are known by what clients say of them: Claude Code and
            Codex in fields of their own, all others in x-holdfast-session and
            x-holdfast-agent. A move is a turn that another candidate served than the
            one before; what was in the former one's cache is then read anew.
            """)

    @Flag(help: "Print JSON, for programs.")
    var json = false
    @OptionGroup var server: ServerOption

    func run() async throws {
        let answer = try await server.running().get(AdminPath.sessions)
        guard !json else { return print(String(buffer: answer)) }
        let view = try RunningHoldfast.read(answer, as: SessionsView.self)
        guard !view.sessions.isEmpty else { return print("No request has named a session yet.") }
        let head = [
            "KEY", "SESSION", "AGENT", "REQUESTS", "INPUT", "CACHED", "OUTPUT", "MOVES", "READ ANEW", "SERVED BY",
        ]
        let rows = view.sessions.map { session in
            let agent = session.agent == session.session ? nil : session.agent
            return [
                session.key, session.session?.printable ?? "-", agent?.printable ?? "-",
                Figures.count(session.requests),
                Figures.count(session.inputTokens), Figures.count(session.cachedTokens),
                Figures.count(session.outputTokens), Figures.count(session.moves), Figures.count(session.moveTokens),
                session.servedBy?.printable ?? "-",
            ]
        }
        print(Table(rows: [head] + rows).text)
    }
}
