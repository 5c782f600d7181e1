import AdminAPI
import Encodings
import Files
import HoldfastServer
import NIOCore
import Routing
import Settings
import Veto
import VetoSpool

/// The place of one Holdfast's orders and statements: its spool, and the
/// server, where one runs.
///
/// Found without the server's help, so that people can stop one that hangs.
struct VetoPlace {
    /// The wait for a server, which may hang: the order lies in the spool
    /// whether it answers or not.
    static let patience = Duration.seconds(1)

    let spool: SpoolFolder
    /// Nil where none runs, or it has no listener for commands.
    let server: RunningHoldfast?
    /// Nil where they can't be read.
    let settings: Settings?

    var writer: SpoolWriter { SpoolWriter(spool) }

    /// The time until which a second person has to ratify, by the settings.
    var ratifyWithin: Int { settings.map { Int($0.veto.ratifyWithin.components.seconds) } ?? 86_400 }

    // MARK: The server

    /// The outcome of telling the server that something lies in the spool.
    enum Notice {
        /// The server has looked.
        case looked(SuspensionLookView)
        case noServer
        /// The server runs, and didn't answer in time, or answered nothing useful.
        case silent(String)
    }

    /// Tells the server to look into its spool now.
    func notify() async -> Notice {
        guard let server else { return .noServer }
        switch await server.post(AdminPath.lookForSuspensions, within: Self.patience) {
        case .answered(let body):
            do {
                return .looked(try AdminJSON.decode(SuspensionLookView.self, from: body.readableBytesView))
            } catch {
                return .silent("its answer can't be read: \(AdminJSON.reason(error))")
            }
        case .refused(let words, _): return .silent(words)
        case .silent(let reason): return .silent(reason)
        }
    }

    /// The effect of a pull: the server's own account of it, or what the
    /// settings say.
    /// - Throws: an exit code, once the reason has been printed, where the
    ///   server refuses the scopes.
    func effect(of scopes: [SuspendedScope]) async throws -> SuspensionEffectView {
        if let server {
            let order = SuspensionPreviewOrder(scopes: scopes.map(\.text))
            switch await server.post(AdminPath.previewSuspensions, order, within: Self.patience) {
            case .answered(let body):
                if let view = try? AdminJSON.decode(SuspensionEffectView.self, from: body.readableBytesView) {
                    return view
                }
            case .refused(let words, isCallers: true):
                complain("holdfast: \(words)")
                throw ExitStatus.usage.exit
            case .refused, .silent: break
            }
        }
        return VetoEffect.of(scopes, on: settings?.routes ?? [])
    }

    /// The suspensions by the running server; nil where none answers.
    func suspensions() async -> SuspensionsView? {
        guard let server, case .answered(let body) = await server.get(AdminPath.suspensions, within: Self.patience)
        else { return nil }
        return try? AdminJSON.decode(SuspensionsView.self, from: body.readableBytesView)
    }
}

extension ServerOption {
    /// The spool of the Holdfast that the options name, whether it runs or not.
    /// - Throws: an exit code, once the reason has been printed.
    func place() throws -> VetoPlace {
        let settings = settings()
        if let trace = trace(settings) {
            return VetoPlace(
                spool: settings.map { SpoolFolder($0.veto.spool) } ?? Self.spool(of: trace),
                server: trace.isAlive && trace.effective.admin != nil
                    ? try? RunningHoldfast(trace.effective, trace.folder) : nil,
                settings: settings)
        }
        if let settings { return VetoPlace(spool: SpoolFolder(settings.veto.spool), server: nil, settings: settings) }
        // Says what is wrong with them, or that they aren't there.
        _ = try loadSettings()
        throw ExitStatus.config.exit
    }

    /// For a server whose settings can't be read any more.
    private static func spool(of trace: ServerSearch.Found) -> SpoolFolder {
        let data = trace.effective.dataDirectory
        let house = RunDirectory(besideSettings: trace.effective.settings).house
        return SpoolFolder(house: house, data: data == "\(house)/data" ? nil : data)
    }
}
