import Custody
import Glibc
import Logging
package import NIOCore

/// The check of the listener at an engine's socket, made before a byte is sent to it.
///
/// The socket's folder is closed to all users but the engine's own, and a process of that user can still unlink the
/// socket and listen in its place. The kernel reports which process called listen(2) (SO_PEERCRED, unix(7)), and no
/// process can change this report.
extension EngineProcess {
    /// Succeeds where the process at the other end of a new connection is the
    /// engine or belongs to it; else closes the connection, and tells.
    package nonisolated func admitPeer(of channel: any Channel) -> EventLoopFuture<Void> {
        guard let sockets = channel as? any SocketOptionProvider else {
            return channel.close().flatMapThrowing { throw NotTheEngine() }
        }
        let peer: EventLoopFuture<Credentials> = sockets.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        return peer.flatMap { peer in
            guard self.isEngine(peer.process) else {
                channel.close(promise: nil)
                return channel.eventLoop.makeFailedFuture(NotTheEngine())
            }
            return channel.eventLoop.makeSucceededVoidFuture()
        }
    }

    /// The structure that the kernel writes (`struct ucred`).
    private struct Credentials: Sendable {
        var process: Int32 = 0
        var user: UInt32 = 0
        var group: UInt32 = 0
    }

    private nonisolated func isEngine(_ process: Int32) -> Bool {
        // None is running: nothing is to be asked, and nobody is in its place.
        guard let root = gate.process else { return false }
        if EngineFamily.has(process, below: root) { return true }
        // Between the two looks it may have ended by itself.
        guard gate.process == root, gate.mayTellOfImpostor(process, now: .now) else { return false }
        let name = ProcessIdentity(process)?.name ?? ""
        let impostor = CustodyEvent.Impostor(
            provider: configuration.provider, model: configuration.alias, receipt: gate.receipt?.id,
            engine: Int(root.number), found: Int(process), time: Int(time(nil)))
        logger.error(
            "SOMEBODY LISTENS IN THE ENGINE'S PLACE: nothing is sent there; find out who, and restart Holdfast",
            metadata: [
                "engine_pid": "\(root.number)", "found_pid": "\(process)", "found_name": "\(name)",
                "receipt": "\(impostor.receipt ?? "none")",
            ])
        told(.impostor(impostor))
        return false
    }
}

/// The process at the engine's socket is not the engine.
package struct NotTheEngine: Error, CustomStringConvertible {
    package init() {}

    package let description = "another process than the engine listens at its socket"
}
