import Glibc

/// The resources that the process itself can lack when it wants to connect.
enum Shortage {
    /// - Returns: the end of "has … left"; nil for errors of another kind.
    static func named(_ error: CInt) -> String? {
        switch error {
        case EMFILE, ENFILE: "no file descriptors"
        case ENOBUFS, ENOMEM: "no memory for connections"
        default: nil
        }
    }

    /// Asked where an error doesn't say.
    static func ofDescriptors() -> String? {
        let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return named(errno) }
        close(descriptor)
        return nil
    }
}
