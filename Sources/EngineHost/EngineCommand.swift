import Custody
import Files
import FoundationEssentials
import Glibc

/// The program to execute for an engine, with everything it is given.
package struct EngineCommand: Equatable {
    package var executable: String
    package var arguments: [String]
    package var environment: [String: String]
    /// nil: our own.
    var workingDirectory: String?

    /// Longest path of a Unix socket that Linux accepts, without the final NUL.
    static let longestSocketPath = 107

    static let launcherName = "launch_engine.py"

    /// One file: an isolated Python finds no other beside it.
    package static let launcher = PackageResources.confinement_py + PackageResources.launch_engine_py

    static let launcherImage = EngineImage(path: launcherName, sha256: .of(launcher))

    /// The launcher's exit status when starting it again would not help.
    package static let misconfigured: Int32 = 78

    /// Checks everything that can be checked before a process is started.
    ///
    /// - Throws: ``EngineStartError`` that says what is missing and what to do.
    /// - Parameter weights: the places at which the engine finds the model.
    package init(_ configuration: EngineConfiguration, weights: WeightPlaces) throws(EngineStartError) {
        let name = configuration.provider
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isPlain) else {
            throw EngineStartError("engine name \"\(name)\" may have only letters, digits, - and _")
        }
        let socket = configuration.socketPath
        guard socket.utf8.count <= Self.longestSocketPath else {
            throw EngineStartError(
                "the engine's socket path is \(socket.utf8.count) bytes long, Linux allows \(Self.longestSocketPath): \(socket); give a shorter run directory"
            )
        }
        guard configuration.context > 0, configuration.parallel > 0 else {
            throw EngineStartError("context and parallel must be at least 1")
        }
        switch configuration.launcher {
        case .python(let interpreter):
            let directory = configuration.privatePath
            let path = absolutePath(interpreter)
            guard access(path, X_OK) == 0, FileKind.at(path) == .regular else {
                throw EngineStartError(
                    "the engine's Python \(path) is missing or not executable; install it with `make setup`, or correct engine.python"
                )
            }
            executable = path
            // Isolated: no user packages, no PYTHON variables, no modules from
            // the working directory. And no bytecode files left behind.
            arguments = ["-I", "-B", directory + "/" + Self.launcherName]
            environment = [:]
            workingDirectory = directory
        case .command(let words):
            guard let program = words.first, !program.isEmpty else {
                throw EngineStartError("engine.command is empty; name a program, for example [llama-server]")
            }
            executable = configuration.guardExecutable
            arguments =
                ["engine-guard", "--weights", "\(weights.count)", "--"]
                + Self.fill(words, configuration, model: weights.path(from: configuration.socketFolder))
            // A program named without a slash is searched for on PATH, and
            // many cannot start without a home; nothing else is passed on.
            environment = ProcessInfo.processInfo.environment.filter { $0.key == "PATH" || $0.key == "HOME" }
            // llama.cpp would run a debugger to show where it crashed.
            environment["GGML_NO_BACKTRACE"] = "1"
            workingDirectory = nil
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// The words with their placeholders replaced.
    private static func fill(
        _ words: [String], _ configuration: EngineConfiguration, model: String
    ) -> [String] {
        let values = [
            "{model}": model, "{socket}": configuration.socketPath, "{alias}": configuration.alias,
            "{context}": "\(configuration.context)", "{parallel}": "\(configuration.parallel)",
            "{total_context}": "\(configuration.totalContext)",
        ]
        let hasPlaceholder = words.contains { word in values.keys.contains { word.contains($0) } }
        let program = words[0].split(separator: "/").last.map(String.init) ?? words[0]
        guard hasPlaceholder || program != "llama-server" else {
            return words + llamaServerFlags(configuration, model: model)
        }
        return words.map { word in
            // One pass, so that a value with braces is not filled again.
            var filled = ""
            var rest = word[...]
            scan: while let brace = rest.firstIndex(of: "{") {
                filled += rest[..<brace]
                rest = rest[brace...]
                for (name, value) in values where rest.hasPrefix(name) {
                    filled += value
                    rest = rest.dropFirst(name.count)
                    continue scan
                }
                filled.append(rest.removeFirst())
            }
            return filled + rest
        }
    }

    /// The same settings that the launcher makes, as flags.
    private static func llamaServerFlags(_ configuration: EngineConfiguration, model: String) -> [String] {
        // A text to embed has to fit one batch; otherwise smaller ones make
        // the engine notice sooner that a client has left.
        let batch = configuration.embeddings ? "\(max(256, min(configuration.context, 1024)))" : "256"
        return [
            "--model", model, "--alias", configuration.alias, "--host", configuration.socketPath,
            "--ctx-size", "\(configuration.totalContext)", "--parallel", "\(configuration.parallel)",
            "--threads-http", "\(EngineStartOrder.mostConnections)",
            "--jinja", "--offline", "--no-webui", "--no-slots", "--cache-ram", "0", "--log-verbosity", "2",
            "--batch-size", batch, "--ubatch-size", batch, "--no-repack",
        ] + (configuration.embeddings ? ["--embeddings", "--pooling", "mean"] : [])
    }
}
