import Glibc

/// The number of the process's file descriptors that callers' connections may
/// take: some are kept for providers, files, and the other listener.
package struct DescriptorShare: Sendable, Equatable {
    /// Applications' connections at once.
    package var applications: Int
    /// Administrators' connections at once.
    package var administrators: Int

    /// - Parameters:
    ///   - limit: The number of descriptors that the process may open.
    ///   - open: The number that is open already.
    package init(limit: Int, open: Int) {
        let kept = max(32, min(limit / 10, 1024))
        administrators = kept / 4
        applications = max(16, limit - open - kept)
    }

    /// For this process, as it is now.
    ///
    /// - Parameter open: the number of its open descriptors, as far as it is
    ///   known.
    package static func now(open: Int?) -> DescriptorShare {
        let open = open ?? 64
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return DescriptorShare(limit: 1024, open: open)
        }
        let most = limit.rlim_cur > rlim_t(Int32.max) ? Int(Int32.max) : Int(limit.rlim_cur)
        return DescriptorShare(limit: most, open: open)
    }
}
