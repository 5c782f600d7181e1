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
    package static func now() -> DescriptorShare {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return DescriptorShare(limit: 1024, open: 64)
        }
        let most = limit.rlim_cur > rlim_t(Int32.max) ? Int(Int32.max) : Int(limit.rlim_cur)
        return DescriptorShare(limit: most, open: openDescriptors() ?? 64)
    }

    /// The number of descriptors that are open now; nil where /proc is not there.
    private static func openDescriptors() -> Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Without `.` and `..`.
        return max(0, count - 2)
    }
}
