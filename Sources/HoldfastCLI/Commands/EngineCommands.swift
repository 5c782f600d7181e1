import ArgumentParser
import EngineHost
import Files
import Glibc
import HoldfastServer
import Settings
import Wire

/// `holdfast engine`
struct EngineCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine", abstract: "Set up the engine that runs hosted models.",
        subcommands: [EngineInstall.self])
}

/// `holdfast engine install`
struct EngineInstall: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Fetch the default engine, pinned by version and hash; needs no clone.",
        usage: "holdfast engine install [<options>]",
        discussion: """
            Makes a Python environment with llama.cpp's server in .holdfast beside the settings,
            which is where `holdfast serve` looks for it. What is there already is not fetched
            again; an interrupted run is simply run again. Needs Python 3.11 or newer with venv,
            and the package index that pip is set up for.

            Example: holdfast engine install --config /var/lib/holdfast/holdfast.yaml
            """)

    @OptionGroup var config: ConfigOption
    @Option(help: "The folder, instead of .holdfast beside the settings.", completion: .directory)
    var into: String?
    @Option(help: "The Python that makes the environment.", completion: .file())
    var python = "python3"
    @Flag(help: "Fetch the sample model, too: 135 million parameters, for trying out.")
    var withModel = false
    @Flag(help: "Print JSON, for programs; progress goes to standard error.")
    var json = false

    func run() throws {
        let folder = into ?? RunDirectory(besideSettings: config.file).house
        var words = [python, "-I", "-c", EngineInstaller.script, "--into", folder]
        if withModel { words.append("--with-model") }
        let status = try ChildProcess.run(words)
        guard status == 0 else { throw ExitStatus.unavailable.exit }
        let interpreter = EngineInstaller.interpreter(in: folder)
        guard !json else { return printJSON { $0.member("python", interpreter) } }
        print("The engine is installed; its interpreter is \(interpreter)")
        if into != nil { print("In the settings: engine: { python: \(interpreter) }") }
    }
}

/// A program that a command runs to its end, with the command's own standard
/// input, output and error.
enum ChildProcess {
    /// - Returns: the child's exit code; 128 plus the signal's number if a signal ended it.
    /// - Throws: an exit code, after the reason has been printed.
    static func run(_ words: [String]) throws -> Int32 {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let error = posix_spawnp(&process, words[0], nil, nil, arguments, environ)
        guard error == 0 else {
            complain("holdfast: can't run \(words[0]): \(String(cString: strerror(error))); name another with --python")
            throw ExitStatus.unavailable.exit
        }
        var status: Int32 = 0
        guard uninterrupted({ waitpid(process, &status, 0) }) >= 0 else { return -1 }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }
}
