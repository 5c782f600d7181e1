import Encodings
import HoldfastServer
import Access
import ArgumentParser
import Conversation
import Routing
import Settings
import Supervision
import Wire

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
    @Flag(help: "Print JSON, for programs: every problem, and whether the file can be used.")
    var json = false

    func run() throws {
        let reading = try ConfigOption.read(file)
        let shared = reading.settings.map(Self.sharedByTheSupervisor) ?? []
        if json {
            printProblems(reading, shared)
        } else {
            for problem in reading.problems { complain(problem.description) }
            for breach in shared { complain("\(file): \(breach)") }
        }
        guard let settings = reading.settings, shared.isEmpty else {
            let count = reading.errors.count + shared.count
            if !json { complain("\(file): \(count) \(count == 1 ? "problem" : "problems")") }
            throw ExitStatus.config.exit
        }
        var keys = "none, whoever connects is let in"
        if let path = settings.keyFile {
            do throws(KeyFileError) {
                let records = try KeyFile(path: path).load().filter { $0.revoked == nil }
                try check(signers: records, settings)
                let expired = records.count { $0.expires.map { $0 <= .now } ?? false }
                keys = "\(records.count) in \(path)" + (expired > 0 ? ", \(expired) of them expired" : "")
                if records.isEmpty { keys += "; make one: holdfast keys create --name NAME" }
                warn(of: records, in: path, settings)
            } catch {
                complain(error.description)
                throw ExitStatus.config.exit
            }
        }
        if !json { print(Self.summary(of: settings, keys: keys)) }
    }

    /// Keys that sign and whose secrets can't be made, and a server's key that
    /// can't be read.
    private func check(signers records: [KeyRecord], _ settings: Settings) throws(KeyFileError) {
        guard let path = settings.serverKeyFile else { return }
        let serverKeys: ServerKeys
        do throws(ServerKeyFault) {
            serverKeys = try ServerKeyFile(path: path).read() ?? ServerKeys()
        } catch {
            throw .serverKey(error)
        }
        for record in records {
            guard case .signature(let seed) = record.proof, !serverKeys.versions.contains(seed.version) else {
                continue
            }
            complain(
                "\(path): warning: it lacks version \(seed.version) of the server's key, which \(record.id) (\(record.name)) "
                    + "was made with: its signatures can't be checked")
        }
    }

    /// Keys that may be served nowhere.
    private func warn(of records: [KeyRecord], in path: String, _ settings: Settings) {
        for record in records {
            for region in record.residency ?? [] {
                if let objection = settings.objection(toRegion: region) {
                    complain("\(path): warning: key \(record.id) (\(record.name)): residency: \(objection)")
                }
            }
        }
    }

    /// Everything by which the supervisor's engine depends on a model that it
    /// stands over, by what is in the keys' files.
    private static func sharedByTheSupervisor(_ settings: Settings) -> [String] {
        guard let engine = settings.supervision.engine else { return [] }
        return SupervisorIndependence(engine, over: SupervisedPrimary.all(of: settings.providers, settings.routes))
            .breaches.map(\.description)
    }

    private func printProblems(_ reading: SettingsReading, _ shared: [String]) {
        printJSON { json in
            json.member("file", file)
            json.member("usable", reading.settings != nil && shared.isEmpty)
            json.array("problems") { json in
                for problem in reading.problems {
                    json.object { json in
                        json.member("severity", problem.severity == .error ? "error" : "warning")
                        json.member("line", ifPresent: problem.position?.line)
                        json.member("column", ifPresent: problem.position?.column)
                        json.member("message", problem.message)
                    }
                }
                for breach in shared {
                    json.object { json in
                        json.member("severity", "error")
                        json.member("message", breach)
                    }
                }
            }
        }
    }

    /// A summary of the settings for people: the listeners, keys, providers and routes.
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
