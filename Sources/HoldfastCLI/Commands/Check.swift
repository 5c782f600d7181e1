import Access
import ArgumentParser
import Conversation
import Routing
import Settings

/// `holdfast check FILE`
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say what is wrong with a settings file, without starting.",
        discussion: """
            Tells every problem of the file at once, as FILE:LINE:COLUMN, and of
            the key file that it names. If there is none, tells what would be
            served. Variables such as ${OPENAI_API_KEY} are looked up where the
            command runs; a provider whose key is not set there is skipped with
            a warning, as the server would.

            A settings file in short:

              listen: 127.0.0.1:8080     # tls: {cert: PEM, key: PEM} for HTTPS
              admin: 127.0.0.1:8081
              keys: {file: .holdfast/keys.yaml}    # or none, on loopback
              providers:
                openai:
                  dialect: openai
                  base_url: https://api.openai.com/v1
                  api_key: ${OPENAI_API_KEY}
                here: {dialect: engine, model_file: small.gguf, context: 4096}
              routes:
                assistant:
                  candidates:
                    - {provider: openai, model: gpt-5}
                    - {provider: here, model: small}

            Paths in it start from the folder that the file is in.

            Exit codes: 0 if it can be used, 66 if it cannot be read, 78 if
            something is wrong with it.

              holdfast check holdfast.yaml && systemctl reload holdfast
            """)

    @Argument(help: "The settings.", completion: .file(extensions: ["yaml", "yml"]))
    var file = "holdfast.yaml"

    func run() throws {
        let reading = try ConfigOption.read(file)
        for problem in reading.problems { complain(problem.description) }
        guard let settings = reading.settings else {
            let count = reading.errors.count
            complain("\(file): \(count) \(count == 1 ? "problem" : "problems")")
            throw ExitStatus.config.exit
        }
        var keys = "none, whoever connects is let in"
        if let path = settings.keyFile {
            do throws(KeyFileError) {
                let count = try KeyFile(path: path).load().count { $0.revoked == nil }
                keys = "\(count) in \(path)"
            } catch {
                complain(error.description)
                throw ExitStatus.config.exit
            }
        }
        print(Self.summary(of: settings, keys: keys))
    }

    /// What would be served, for people.
    static func summary(of settings: Settings, keys: String) -> String {
        var rows = [
            ["listen", "\(settings.tls == nil ? "http" : "https")://\(settings.listen)"],
            ["admin", settings.admin.map { "http://\($0)" } ?? "none"],
            ["keys", keys],
        ]
        for provider in settings.providers {
            let models =
                switch provider.models {
                case .any: "any model"
                case .listed(let names): names.joined(separator: ", ")
                }
            let what = provider.unavailable == nil ? models : "skipped"
            rows.append(["provider", "\(provider.name) (\(provider.dialect.rawValue)): \(what)"])
        }
        for route in settings.routes {
            let candidates = route.candidates.map { $0.unavailable == nil ? $0.id : "(\($0.id))" }
            rows.append(["route", "\(route.name): \(candidates.joined(separator: ", then "))"])
        }
        if settings.routes.isEmpty { rows.append(["route", "none; models are asked for as provider/model"]) }
        return "\(settings.file) is fine.\n" + Table(rows: rows, indent: 2).text
    }
}
