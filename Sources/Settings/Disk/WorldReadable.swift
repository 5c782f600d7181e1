import Glibc

/// Files that every user of the machine can read.
enum WorldReadable {
    /// Returns whether a file allows others to read it, and every folder above it allows them through. Access lists are
    /// not considered.
    static func holds(_ path: String) -> Bool {
        guard let resolved = realpath(path, nil) else { return false }
        defer { free(resolved) }
        var place = String(cString: resolved)
        guard allows(place, S_IROTH) else { return false }
        while let slash = place.lastIndex(of: "/"), slash > place.startIndex {
            place = String(place[..<slash])
            guard allows(place, S_IXOTH) else { return false }
        }
        return true
    }

    private static func allows(_ path: String, _ right: mode_t) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & right != 0
    }
}
