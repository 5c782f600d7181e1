package import Custody

/// The kernel protections that an engine requires before it may serve.
package enum CustodyDemand: String, Sendable, Hashable, CaseIterable {
    /// All that there is to shut it in with.
    case required
    /// Those protections that this kernel offers; the missing ones are reported.
    case bestEffort = "best-effort"
}

/// The configuration of one engine: its program, its model and its size.
package struct EngineConfiguration: Sendable, Equatable {
    /// The way in which the engine's process is started.
    package enum Launcher: Sendable, Equatable {
        /// llama.cpp's own server out of the Python package `xllamacpp`,
        /// through the launcher script that is part of this module. The
        /// interpreter is the one that has the package installed.
        case python(interpreter: String)

        /// Any server that speaks the OpenAI dialect on a Unix socket: the
        /// program and its arguments, in which `{model}`, `{socket}`,
        /// `{context}`, `{parallel}`, `{total_context}` and `{alias}` are
        /// replaced. `llama-server` without a placeholder gets the flags it
        /// needs. It runs under ``runEngineGuard(_:)``.
        case command([String])
    }

    /// The provider's name in the configuration file: it names the private
    /// directory and is in every log line. Letters, digits, `-` and `_`.
    package var provider: String
    package var launcher: Launcher
    /// The place of the model's files. The engine never gets these paths.
    package var weights: WeightsSource
    package var custody: CustodyDemand
    /// The share of a core that is used for verifying the weights in memory again and again; nil for none.
    package var scrub: Double?
    /// The model's name in the engine's answers.
    package var alias: String
    /// Tokens that one request may use, prompt and answer together.
    package var context: Int
    /// Requests served at once. The engine gets `context * parallel` tokens.
    package var parallel: Int
    /// True if `/v1/embeddings` answers, with mean pooling.
    package var embeddings: Bool
    /// The directory in which the private directory is made. May be relative.
    package var runDirectory: String
    /// The longest time that a start may take, from the start of the process to the first healthy answer.
    package var startTimeout: Duration
    /// Our own executable, which has the hidden command `engine-guard`.
    package var guardExecutable: String

    /// - Parameters:
    ///   - modelFile: may be relative to the working directory.
    ///   - guardExecutable: the default is right for the running program, also
    ///     after its file was replaced by a newer one.
    package init(
        provider: String, launcher: Launcher, modelFile: String, key: KeySource? = nil,
        signed: SignedModelSource? = nil,
        custody: CustodyDemand = .bestEffort, scrub: Double? = 0.01, alias: String,
        context: Int = 4096, parallel: Int = 4, embeddings: Bool = false,
        runDirectory: String, startTimeout: Duration = .seconds(120),
        guardExecutable: String = "/proc/self/exe"
    ) {
        self.provider = provider
        self.launcher = launcher
        weights = WeightsSource(modelFile: absolutePath(modelFile), key: key, signed: signed)
        self.custody = custody
        self.scrub = scrub
        self.alias = alias
        self.context = context
        self.parallel = parallel
        self.embeddings = embeddings
        self.runDirectory = runDirectory
        self.startTimeout = startTimeout
        self.guardExecutable = guardExecutable
    }

    /// Tokens of context of all slots together.
    package var totalContext: Int { context * parallel }

    /// The directory that only Holdfast can enter, with the launcher and the lock.
    var privatePath: String { absolutePath(runDirectory) + "/" + provider }

    /// The directory that only the engine and Holdfast can enter, with the engine's socket.
    var socketFolder: String { privatePath + "/s" }

    static let socketName = "engine.sock"

    /// The absolute path of the socket that the engine listens on.
    package var socketPath: String { Self.socketPath(of: provider, in: runDirectory) }

    /// Returns the path of the socket on which a provider's engine listens.
    package static func socketPath(of provider: String, in runDirectory: String) -> String {
        "\(absolutePath(runDirectory))/\(provider)/s/\(socketName)"
    }

    /// True if it runs Holdfast's own launcher.
    var isOwnLauncher: Bool { if case .python = launcher { true } else { false } }
}
