import Files

/// A small file that the command line or the settings name, read or written as
/// a whole.
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

    /// Writes a file that the command line names; ends the command with the
    /// reason told where that can't be done.
    static func write(_ path: String, _ bytes: [UInt8]) throws {
        do throws(FileFault) {
            try WholeFile.writeDurably(path, with: bytes)
        } catch {
            complain("holdfast: \(error)")
            throw ExitStatus.cannotCreate.exit
        }
    }
}
