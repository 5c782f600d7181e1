import AsyncHTTPClient
import Ledger
import NIOCore
import NIOHTTP1

/// A ledger's public files on a web server.
///
/// Blocks: for a command, and never on an event loop.
final class HTTPLedger: LedgerReader {
    private let prefix: String
    private let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: .init(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: .seconds(30))))

    init(_ prefix: String) { self.prefix = prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix }

    deinit { try? client.syncShutdown() }

    func read(_ path: String) throws(LedgerProblem) -> [UInt8]? {
        let address = "\(prefix)/\(path)"
        let answer: HTTPClient.Response
        do {
            answer = try client.get(url: address).wait()
        } catch {
            throw LedgerProblem("can't read \(address): \(error)", kind: .unreadable)
        }
        switch answer.status {
        case .ok: return answer.body.map { Array($0.readableBytesView) } ?? []
        case .notFound: return nil
        default:
            throw LedgerProblem("can't read \(address): the server says \(answer.status)", kind: .unreadable)
        }
    }

    /// A web server can't be asked what it has.
    func list() throws(LedgerProblem) -> [String]? { nil }
}
