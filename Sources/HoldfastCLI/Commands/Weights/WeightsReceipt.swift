import AdminAPI
import Encodings
import ArgumentParser
import NIOCore
import Settings
import Wire

/// `holdfast weights receipt`
struct WeightsReceipt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt",
        abstract: "Show the custody receipt of a hosted model: which bytes it runs on, and what shuts it in.",
        usage: "holdfast weights receipt <model> [<options>]",
        discussion: """
            Every answer of the model carries the receipt's id as x-holdfast-custody. It is made \
            anew with every start of the engine, and is gone while the engine is not ready.

            Example: holdfast weights receipt smollm2-135m
            """)

    @Argument(help: "The model, its provider, or provider/model.")
    var model: String

    @Flag(help: "Print the receipt itself, as JSON.")
    var json = false

    @OptionGroup var server: ServerOption

    func run() async throws {
        let running = try server.running()
        let root = try Self.document(try await running.get(AdminPath.custody))
        let engines = root.list("engines")
        let found = engines.filter { engine in
            let (provider, name) = (engine.text("provider"), engine.text("model"))
            return model == provider || model == name || model == "\(provider)/\(name)"
        }
        guard let engine = found.first else {
            let known = engines.map { "\($0.text("provider"))/\($0.text("model"))" }.joined(separator: ", ")
            complain(
                "holdfast: no hosted model is called \"\(model.printable.prefix(64))\"; "
                    + (known.isEmpty ? "none is hosted" : "there are \(known)"))
            throw ExitStatus.usage.exit
        }
        guard found.count == 1 else {
            let names = found.map { "\($0.text("provider"))/\($0.text("model"))" }.joined(separator: ", ")
            complain("holdfast: \"\(model.printable.prefix(64))\" is several: name one of \(names)")
            throw ExitStatus.usage.exit
        }
        guard let receipt = engine["receipt"] else {
            let reason = engine["reason"]?.string.map { ": \($0.printable)" } ?? ""
            complain("holdfast: there is no receipt, the engine is \(engine.text("state"))\(reason)")
            throw ExitStatus.unavailable.exit
        }
        if json { return print(receipt.fragment.text) }
        show(receipt)
    }

    /// A receipt is a document of its own format (docs/custody.md), which is
    /// printed as it was made: it is read as JSON, and not as a view.
    private static func document(_ answer: ByteBuffer) throws -> JSONView {
        do throws(JSONProblem) {
            return try JSONDocument(answer).root
        } catch {
            complain("holdfast: the answer can't be read: \(error); is this the same version?")
            throw ExitStatus.unavailable.exit
        }
    }

    private func show(_ receipt: JSONView) {
        print("RECEIPT \(receipt.text("id"))")
        var rows = [
            ["model", "\(receipt.text("provider"))/\(receipt.text("model")), as \(receipt.text("role"))"],
            ["since", receipt["time"]?.int.map { StatusText.moment($0) } ?? "-"],
            ["manifest", "\(receipt.text("manifest")), root \(receipt.text("manifest_root"))"],
        ]
        for file in receipt.list("files") {
            let seals = file.list("seals").compactMap(\.string).joined(separator: ", ")
            rows.append(["file", "\(file.text("name")), \(file["size"]?.int ?? 0) bytes, sealed: \(seals)"])
            rows.append(["", "SHA-256 \(file.text("sha256"))"])
        }
        let pinned = receipt["engine_pinned"]?.bool == true ? "as the manifest says" : "not named in the manifest"
        rows.append([
            "engine",
            "process \(receipt["process"]?.int ?? 0), \(receipt.list("executables").count) executable files, \(pinned)",
        ])
        rows.append(["", "SHA-256 \(receipt.text("engine_sha256"))"])
        let (scrub, seen) = (receipt.text("scrub"), receipt.text("seen"))
        // Another version's word is shown as it is.
        rows.append(["scrub", ["whole": "every page of the weights", "partial": "partial"][scrub] ?? scrub])
        rows.append([
            "seen",
            ["observed": "by Holdfast, in /proc", "self-reported": "by the engine itself, which reported it"][seen]
                ?? seen,
        ])
        print(Table(rows: rows, indent: 2).text)
        print("\nSHUT IN BY")
        guard let sandbox = receipt["sandbox"] else { return }
        var held: [[String]] = []
        for member in sandbox.members {
            let mark = member.value["held"]?.bool == true ? "yes" : "NO"
            held.append([member.name.string ?? "", mark, member.value.text("how").printable])
        }
        print(Table(rows: held, indent: 2).text)
    }
}

extension JSONView {
    /// A member's text; empty where there is none.
    fileprivate func text(_ name: StaticString) -> String { self[name]?.string ?? "" }
    fileprivate func list(_ name: StaticString) -> [JSONView] { self[name].map { Array($0.elements) } ?? [] }
}
