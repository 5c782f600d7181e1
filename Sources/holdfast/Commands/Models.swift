import ArgumentParser
import NIOCore
import Settings
import Wire

/// `holdfast models`
struct Models: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the running Holdfast serves, by whom, and whether it is healthy.",
        discussion: """
            Asks the Holdfast that was started with the same configuration, on its admin \
            listener. Health is what is known without asking: an engine's is its process's, a \
            remote provider is `configured` when it has its key.

            Example: holdfast models --config holdfast.yaml
            """)

    @OptionGroup var config: ConfigOption

    @Flag(help: "Print the server's JSON.")
    var json = false

    func run() async throws {
        let settings = try config.load(warns: false)
        let page = try await RunningHoldfast(settings).get("/admin/models")
        if json { return print(String(buffer: page)) }
        guard let document = try? JSONDocument(page) else {
            complain("holdfast: the answer can't be read; is this the same version?")
            throw ExitStatus.unavailable.exit
        }
        var rows: [[String]] = []
        for route in document.root["routes"]?.elements ?? document.root.elements {
            let name = route["name"]?.string ?? ""
            for alias in (route["aliases"] ?? route).elements {
                rows.append([alias.string ?? "", "the route \(name)", ""])
            }
            for (index, candidate) in (route["candidates"] ?? route).elements.enumerated() {
                let served = "\(candidate["provider"]?.string ?? "")/\(candidate["model"]?.string ?? "")"
                rows.append([index == 0 ? name : "", served, candidate["health"]?.string ?? ""])
            }
        }
        for provider in document.root["providers"]?.elements ?? document.root.elements {
            let flavour = provider["flavour"]?.string.map { " (\($0))" } ?? ""
            if provider["models"] == nil, let name = provider["name"]?.string {
                rows.append(["\(name)/MODEL", "\(name)\(flavour), any model", provider["health"]?.string ?? ""])
            }
            for model in (provider["models"] ?? provider).elements {
                let served = "\(provider["name"]?.string ?? "")/\(model.string ?? "")"
                rows.append([served, served + flavour, provider["health"]?.string ?? ""])
            }
        }
        print(Table(rows: [["ASK FOR", "SERVED BY", "HEALTH"]] + rows).text)
    }
}
