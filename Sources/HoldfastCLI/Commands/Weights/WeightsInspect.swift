import Encodings
import WeightFiles
import ArgumentParser
import WeightFormats

/// `holdfast weights inspect`
struct WeightsInspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what is inside a GGUF or safetensors file.",
        discussion: """
            The header is read as strictly as before a model is loaded: what could be understood in \
            two ways is refused, with the place and the reason, and the exit code is 65. Nothing \
            is said about who made the file; `holdfast weights verify` does that.

            Example: holdfast weights inspect model.gguf
            """)

    @Argument(help: "The file.", completion: .file()) var file: String
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        do throws(FormatProblem) {
            let described = try WeightFile(reading: try WeightFileOnDisk(file))
            print(json ? WeightJSON.render(described) : WeightText.render(described))
        } catch {
            complain("holdfast: \(file.printable): \(error)")
            throw (error.kind == .unreadable ? ExitStatus.noInput : .dataError).exit
        }
    }
}
