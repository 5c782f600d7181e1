import Files

/// A small file that the command line or the settings name.
enum GivenFile {
    /// 16 MiB: policies, checkpoints and contracts are some kilobytes.
    private static let longest = 16 << 20

    /// Reads a file; prints the reason and ends the command if this isn't possible.
    static func read(_ path: String, limit: Int = longest) throws -> [UInt8] {
        do throws(FileFault) {
            return try WholeFile.readAll(path, limit: limit)
        } catch {
            complain("holdfast: \(error)")
            throw ExitStatus.noInput.exit
        }
    }
}
