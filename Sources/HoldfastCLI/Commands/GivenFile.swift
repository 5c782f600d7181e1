import Files

/// A small file that the command line or the settings name.
enum GivenFile {
    /// 16 MiB: policies, checkpoints and contracts are some kilobytes.
    private static let longest = 16 << 20

    /// Reads a file; ends the command with the reason told where that can't be
    /// done.
    static func read(_ path: String, limit: Int = longest) throws -> [UInt8] {
        do throws(FileFault) {
            return try WholeFile.readAll(path, limit: limit)
        } catch {
            complain("holdfast: \(error)")
            throw ExitStatus.noInput.exit
        }
    }
}
