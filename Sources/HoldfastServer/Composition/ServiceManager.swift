import Glibc

/// systemd's notification socket (sd_notify(3)), where the unit is of
/// `Type=notify`: tells when Holdfast serves, takes over an edit, and ends.
///
/// One datagram each. A manager that isn't there, or doesn't listen, is no
/// fault of the server's.
struct ServiceManager: Sendable {
    enum State: Sendable {
        case ready
        case reloading
        case stopping
    }

    /// A path, or `@` and an abstract name; nil is no manager.
    private let socket: String?

    /// The one that has started this process.
    static let current = ServiceManager(socket: getenv("NOTIFY_SOCKET").map { String(cString: $0) })

    init(socket: String?) { self.socket = socket }

    func notify(_ state: State) {
        switch state {
        case .ready: send("READY=1")
        case .reloading: send("RELOADING=1\nMONOTONIC_USEC=\(Self.microseconds)")
        case .stopping: send("STOPPING=1")
        }
    }

    /// The time by the clock that systemd compares with.
    private static var microseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }

    private func send(_ text: String) {
        guard let socket, socket.hasPrefix("/") || socket.hasPrefix("@") else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(socket.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard name.count < room else { return }
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // An abstract name ends where its length says, a path at its zero.
        let length = MemoryLayout.offset(of: \sockaddr_un.sun_path)! + name.count + (name[0] == 0 ? 0 : 1)
        let bytes = Array(text.utf8)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                sendto(
                    descriptor, bytes, bytes.count, Int32(truncatingIfNeeded: MSG_NOSIGNAL), pointer, socklen_t(length))
            }
        }
    }
}
