/// The script that sets up Holdfast's default engine: llama.cpp's server out of
/// a Python package, pinned by version and hash, in an environment of its own.
package enum EngineInstaller {
    /// For Python 3.11 or newer; takes `--into FOLDER` and `--with-model`.
    package static let script = String(decoding: PackageResources.install_engine_py, as: UTF8.self)

    /// The package that the script installs, by name and version; nil where it
    /// names none.
    package static let package: (name: String, version: String)? = {
        let line = script.split(separator: "\n").first { $0.hasPrefix("ENGINE = \"") }
        let parts = (line ?? "").dropFirst("ENGINE = \"".count).prefix { $0 != "\"" }.split(separator: "=")
        guard parts.count == 2 else { return nil }
        return (String(parts[0]), String(parts[1]))
    }()

    /// The interpreter of the environment that it makes in a folder.
    package static func interpreter(in folder: String) -> String { "\(folder)/venv/bin/python" }
}
