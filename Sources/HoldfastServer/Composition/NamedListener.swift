import Glibc
import NIOCore
import ServiceLifecycle
import Settings

/// A listener that says which setting it is of when it can't listen.
struct NamedListener: Service {
    /// The key of the settings, such as `listen`.
    let setting: String
    let address: ListenAddress
    let service: any Service

    /// - Throws: ``StartupError`` where the address is taken, or not this
    ///   machine's.
    func run() async throws {
        do {
            try await service.run()
        } catch let error as IOError {
            let remedy =
                switch error.errnoCode {
                case EADDRINUSE: "; end what listens there (`ss -ltnp` shows it), or give `\(setting)` another port"
                case EADDRNOTAVAIL: "; give `\(setting)` an address of this machine"
                case EACCES: "; ports below 1024 need a right: give `\(setting)` another one"
                default: ""
                }
            throw StartupError(
                .unavailable,
                "can't listen on \(address), which is `\(setting)` in the settings: "
                    + String(cString: strerror(error.errnoCode)) + remedy)
        }
    }
}

extension Service {
    /// Tells which setting, and which address, it can't listen on.
    func named(_ setting: String, at address: ListenAddress) -> NamedListener {
        NamedListener(setting: setting, address: address, service: self)
    }
}
