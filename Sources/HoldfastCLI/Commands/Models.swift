import Encodings
import AdminAPI
import ArgumentParser
import NIOCore
import Settings

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

    @OptionGroup var server: ServerOption

    @Flag(help: "Print the server's JSON.")
    var json = false

    func run() async throws {
        let page = try await server.running().get(AdminPath.models)
        if json { return print(String(buffer: page)) }
        let view = try RunningHoldfast.read(page, as: ModelsView.self)
        var rows: [[String]] = []
        for route in view.routes {
            for alias in route.aliases ?? [] { rows.append([alias, "the route \(route.name)", ""]) }
            for (index, candidate) in route.candidates.enumerated() {
                let served = "\(candidate.provider)/\(candidate.model)"
                rows.append([index == 0 ? route.name : "", served, candidate.health])
            }
        }
        for provider in view.providers {
            let flavour = provider.flavour.map { " (\($0))" } ?? ""
            guard let models = provider.models else {
                rows.append(["\(provider.name)/MODEL", "\(provider.name)\(flavour), any model", provider.health])
                continue
            }
            for model in models {
                let served = "\(provider.name)/\(model)"
                rows.append([served, served + flavour, provider.health])
            }
        }
        print(Table(rows: [["ASK FOR", "SERVED BY", "HEALTH"]] + rows).text)
    }
}
