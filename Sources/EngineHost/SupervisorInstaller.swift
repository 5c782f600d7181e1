/// The script that fetches the supervisor's second model, pinned by version
/// and hash, and writes it as the file that the heads were trained on.
package enum SupervisorInstaller {
    /// For Python 3.11 or newer; takes `--into FOLDER`.
    package static let script = String(decoding: PackageResources.install_supervisor_py, as: UTF8.self)

    /// The file that it makes in a folder.
    package static func modelFile(in folder: String) -> String { "\(folder)/models/minilm-supervisor.gguf" }
}
