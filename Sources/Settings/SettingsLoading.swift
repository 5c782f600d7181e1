import Access
package import Files
import Glibc

extension Settings {
    /// Reads a settings file from the disk, and checks that the files it
    /// names are there: certificates must be, a model may still be on its
    /// way and is only warned of. A constitution is read, too: its problems
    /// are told under its own name, and so are those of standards.
    ///
    /// - Throws: when the file itself cannot be read. What is wrong *in* it
    ///   is in the result.
    package static func load(
        _ path: String, environment: [String: String]
    ) throws(FileFault) -> SettingsReading {
        let bytes = try WholeFile.readAll(path, limit: Composer.longestSettings)
        var reading = read(
            bytes, file: path, environment: environment, isReadable: { WholeFile.isReadable($0) },
            othersCanRead: WorldReadable.holds, now: UnixTime(seconds: Int64(time(nil))))
        if let constitution = reading.settings?.supervision.constitutionFile {
            reading.problems += problems(ofConstitution: constitution)
        }
        if let settings = reading.settings, let standards = settings.standardsFile {
            reading.problems += problems(ofStandards: standards, settings)
        }
        if !reading.errors.isEmpty { reading.settings = nil }
        return reading
    }

    private static func problems(ofStandards path: String, _ settings: Settings) -> [SettingsIssue] {
        do throws(FileFault) {
            return try StandardsFile.load(path, in: StandardsHouse(settings)).1
        } catch {
            return [SettingsIssue(file: path, message: error.description)]
        }
    }

    private static func problems(ofConstitution path: String) -> [SettingsIssue] {
        do throws(FileFault) {
            return try ConstitutionFile.load(path).1
        } catch {
            return [SettingsIssue(file: path, message: error.description)]
        }
    }
}
