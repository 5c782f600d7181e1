import ArgumentParser
import Custody
import EngineHost
import Wire

/// `holdfast weights engine`
struct WeightsEngine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine", abstract: "List what a hosted model's engine executes, for custodians to sign.",
        discussion: """
            Loads Holdfast's engine without a model and prints every file that it has code mapped from, \
            and the launcher, as sha256sum does: what `holdfast weights custody --mappings` takes. \
            sha256sum itself can check all lines but the launcher's, which is part of Holdfast.

            Example: holdfast weights engine > engine.sha256
            """)

    @Option(help: "The Python that has the engine.", completion: .file())
    var python = ".holdfast/venv/bin/python"

    @Flag(help: "Print JSON, for programs.") var json = false

    func run() async throws {
        do throws(CustodyProblem) {
            let images = try await EngineSurvey.images(interpreter: python)
            guard json else { return images.forEach { print("\($0.sha256)  \($0.path)") } }
            printJSON { json in
                json.array("images") { json in
                    for image in images {
                        json.object { json in
                            json.member("path", image.path)
                            json.member("sha256", image.sha256.hex)
                        }
                    }
                }
            }
        } catch {
            complain("holdfast: \(error)")
            throw ExitStatus.dataError.exit
        }
    }
}
