import Access
package import Files
import Glibc

extension Settings {
    /// Reads a settings file from the disk, and checks that the files it
    /// names are there: certificates must be, a model may still be on its
    /// way and is only warned of.
    ///
    /// - Throws: when the file itself cannot be read. What is wrong *in* it
    ///   is in the result.
    package static func load(
        _ path: String, environment: [String: String]
    ) throws(FileFault) -> SettingsReading {
        let bytes = try WholeFile.readAll(path, limit: Composer.longestSettings)
        return read(
            bytes, file: path, environment: environment, isReadable: { WholeFile.isReadable($0) },
            othersCanRead: WorldReadable.holds, now: UnixTime(seconds: Int64(time(nil))))
    }
}
