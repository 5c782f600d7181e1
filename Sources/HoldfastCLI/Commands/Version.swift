import ArgumentParser
import Wire

/// `holdfast version`
struct Version: ParsableCommand {
    /// This Holdfast's version, https://semver.org
    static let current = "0.2.0"

    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version.",
        discussion: "The second word is the version; what follows is for bug reports.")

    @Flag(help: "Print JSON, for programs.") var json = false

    func run() {
        guard json else { return print("holdfast \(Self.current) (\(Self.toolchain), \(Self.platform))") }
        printJSON { json in
            json.member("version", Self.current)
            json.member("toolchain", Self.toolchain)
            json.member("platform", Self.platform)
        }
    }

    private static var toolchain: String {
        #if compiler(>=6.4)
            "Swift 6.4 or later"
        #elseif compiler(>=6.3)
            "Swift 6.3"
        #else
            "Swift before 6.3"
        #endif
    }

    private static var platform: String {
        #if os(Linux) && arch(x86_64)
            "linux x86_64"
        #elseif os(Linux) && arch(arm64)
            "linux aarch64"
        #else
            "unsupported platform"
        #endif
    }
}
