package import Custody
import Subprocess
import SystemPackage

/// The list of everything that an engine executes, made before the engine runs, so that it can be signed.
package enum EngineSurvey {
    /// The launcher, and every file with code that its interpreter maps,
    /// hashed.
    ///
    /// - Parameter interpreter: a Python with the engine's package.
    /// - Throws: ``CustodyProblem`` where it can't be run or read.
    package static func images(interpreter: String) async throws(CustodyProblem) -> [EngineImage] {
        var text: String?
        var said = "nothing"
        do {
            let found = try await run(
                .path(FilePath(absolutePath(interpreter))),
                arguments: ["-I", "-B", "-c", String(decoding: EngineCommand.launcher, as: UTF8.self), "--images"],
                environment: .custom([:]), output: .string(limit: 1 << 20), error: .string(limit: 1 << 16))
            if found.terminationStatus.isSuccess { text = found.standardOutput }
            said = found.standardError.split(separator: "\n").last.map(String.init) ?? said
        } catch {
            throw CustodyProblem(
                .engine, "\(interpreter) can't be run: \(error)", remedy: "name the Python that has the engine")
        }
        guard let text else {
            throw CustodyProblem(
                .engine, "\(interpreter) can't load the engine; it said: \(said)",
                remedy: "install it with `make setup`, or name the Python that has it")
        }
        var images = [EngineCommand.launcherImage]
        for path in text.split(separator: "\n") { images.append(try EngineImage(reading: String(path))) }
        return images
    }
}
