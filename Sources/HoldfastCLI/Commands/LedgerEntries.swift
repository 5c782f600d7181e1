import HoldfastServer
import ArgumentParser
import Ledger
import LedgerDisk
import NIOCore
import Wire

/// `holdfast ledger prove`
struct LedgerProve: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove", abstract: "Write a proof that an entry is in the ledger.",
        usage: "holdfast ledger prove <entry> [<options>]",
        discussion: """
            The entry is named by its index, or by the id that the answer carried in \
            x-request-id. The proof (C2SP tlog-proof@v1) holds the entry itself, and is \
            checked with `holdfast-verify FILE --log KEY`, without this machine.

            Example: holdfast ledger prove req_8f3k2 --output receipt.tlog-proof
            """)

    @Argument(help: "An entry's index, or a request's id.")
    var entry: String

    @OptionGroup var options: LedgerOptions

    @Option(name: [.customLong("output"), .customShort("o")], help: "The file; standard output by default.")
    var output: String?

    func run() throws {
        let folder = try options.folder()
        let policy = try options.trusted(isOwn: true)
        var index = UInt64(entry)
        var first: UInt64 = 0
        if index == nil {
            try options.told { () throws(LedgerProblem) in
                first = try LedgerVerifier(folder, policy: policy).verify { number, bytes in
                    if index == nil, EntryText(bytes)?.document?.root["id"]?.string == entry { index = number }
                }.minimumIndex
            }
        }
        guard let index else {
            let reason = first > 0 ? "entries before \(first) were pruned" : "a checkpoint is made once a second"
            complain("holdfast: the ledger has no entry of \"\(entry)\" (\(reason))")
            throw ExitStatus.dataError.exit
        }
        let proof = try options.told { () throws(LedgerProblem) in
            try LedgerProver(folder, policy: policy).prove(index)
        }
        let own = try options.ownPlan()
        if !own.witnesses.isEmpty {
            do throws(LedgerProblem) {
                _ = try VerifiedCheckpoint(proof.checkpoint, policy: own.policy)
            } catch {
                complain(
                    "holdfast: the proof's checkpoint lacks its quorum of witnesses as yet (\(error)); it is valid "
                        + "without one")
            }
        }
        guard let output else { return print(String(decoding: proof.bytes, as: UTF8.self), terminator: "") }
        try GivenFile.write(output, proof.bytes)
    }
}

/// `holdfast ledger show`
struct LedgerShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the ledger's entries.",
        usage: "holdfast ledger show [<target>] [<options>]",
        discussion: """
            Verifies the ledger as it reads. A copy of another one's public folder, or its \
            address, is read with its key.

            Examples:
              holdfast ledger show --since 2026-06-12 --cause withdrawn
              holdfast ledger show COPY --log ledger.example.com+…
            """)

    @Argument(help: "A copy of the public folder, or an address; the settings' own ledger by default.")
    var target: String?

    @OptionGroup var options: LedgerOptions
    @OptionGroup var filter: EntryFilter
    @Flag(help: "One JSON object a line, with its index.") var json = false

    func run() throws {
        let reader = try options.reader(of: target)
        let policy = try options.trusted(isOwn: target == nil)
        var unknown = 0
        var routes = SeenRoutes()
        let first = try options.told { () throws(LedgerProblem) in
            try LedgerVerifier(reader, policy: policy).verify { index, bytes in
                guard let text = EntryText(bytes), let document = text.document else {
                    unknown += 1
                    return
                }
                routes.add(document.root)
                guard filter.matches(document.root) else { return }
                if json {
                    print("{\"index\":\(index),\(String(decoding: text.json.dropFirst(), as: UTF8.self))")
                } else {
                    print(Self.line(index, document.root))
                }
            }.minimumIndex
        }
        if first > 0 { complain("holdfast: entries before \(first) were pruned") }
        if unknown > 0 { complain("holdfast: \(unknown) entries are none of Holdfast's, and are not shown") }
        if let route = filter.route, let objection = routes.objection(to: route) { complain("holdfast: \(objection)") }
    }

    private static func line(_ index: UInt64, _ entry: JSONView) -> String {
        func word(_ name: StaticString) -> String? {
            entry[name].flatMap { $0.string ?? $0.int.map(String.init) }
        }
        let kind = word("kind") ?? "?"
        var parts = [String(index), word("at") ?? "", kind]
        switch kind {
        case EntryKind.requestSettled.rawValue:
            parts.append("\(word("status") ?? "-") \(word("outcome") ?? "")")
            parts.append("\(word("route") ?? word("requested") ?? "-") → \(word("served_by") ?? "nobody")")
            for attempt in entry["attempts"]?.elements.map({ $0 }) ?? [] {
                if let cause = attempt["cause"]?.string { parts.append("\(attempt["by"]?.string ?? ""): \(cause)") }
            }
            parts.append("key=\(word("key") ?? "") \(word("id") ?? "")")
        default:
            for (name, value) in entry.members {
                guard let name = name.string, !["v", "kind", "at"].contains(name) else { continue }
                parts.append("\(name)=\(value.string ?? value.fragment.text)")
            }
        }
        return parts.joined(separator: "  ")
    }
}
