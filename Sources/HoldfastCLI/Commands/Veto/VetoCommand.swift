import Access
import AdminAPI
import ArgumentParser
import Encodings
import Veto

/// `holdfast veto`
struct VetoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "veto", abstract: "Stop a model, a lab, a host, a route or a key now; two people bring it back.",
        discussion: """
            A pull needs one person of the roster (`holdfast people`), and works while the server \
            hangs or is down: the order is on the disk before anybody is told. A second person \
            ratifies it. Two people bring it back, and then a gate has to pass.

            Examples:
              holdfast veto pull model:anthropic/claude-opus-4-8 --reason security \\
                --text "leaks prompts" --as alice --private-key alice.key
              holdfast veto list
              holdfast veto ratify S12 --as bob --private-key bob.key
              holdfast veto restore S12 --as alice --private-key alice.key
              holdfast veto restore S12 --as bob --private-key bob.key

            docs/veto.md tells how to get ready, and how keys sign that are elsewhere.
            """,
        subcommands: [
            VetoPull.self, VetoList.self, VetoShow.self, VetoRatify.self, VetoRestore.self, VetoShorten.self,
            VetoAccept.self,
        ])
}

/// `holdfast veto list`
struct VetoList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the suspensions, the newest first; those that are over, too.",
        discussion: "By the running server, or by the spool where none answers.")

    @OptionGroup var server: ServerOption
    @Flag(help: "Print JSON, for programs.")
    var json = false

    func run() async throws {
        let place = try server.place()
        let view: SuspensionsView
        if let told = await place.suspensions() {
            view = told
        } else {
            let desk = try SpoolDesk(place)
            for problem in desk.problems { complain("warning: \(problem)") }
            view = desk.view
        }
        guard !json else { return print(String(decoding: try AdminJSON.encode(view), as: UTF8.self)) }
        print(VetoText.table(view))
    }
}

/// `holdfast veto show`
struct VetoShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one suspension, or write the bytes that people sign about it.",
        usage: "holdfast veto show <id> [<options>]",
        discussion: """
            With --statement or --pae, the exact bytes go into files, for a key that is on another \
            machine or in a token. `holdfast veto accept` takes the result.

            Examples:
              holdfast veto show S12
              holdfast veto show S12 --statement s12.json --pae s12.pae
              openssl dgst -sha256 -sign alice.key -out s12.sig s12.pae
              holdfast veto accept s12.json --signature s12.sig --as alice
            """)

    @Argument(help: "The suspension's id; `holdfast veto list` has them.")
    var id: String
    @Option(help: "What the bytes decide: restore, ratify or shorten.")
    var decision = VetoDecision.restore
    @Option(
        help: """
            With --decision shorten: the new end, 2027-01-31T18:00:00Z, or 2h from now. [default: \
            the one that another person has signed]
            """)
    var expires: Expiry?
    @Flag(help: "With --decision restore: it may return though the model may be another than before.")
    var modelMayDiffer = false
    @OptionGroup var bytes: BytesOptions
    @OptionGroup var server: ServerOption
    @Flag(help: "Print JSON, for programs.")
    var json = false

    func validate() throws {
        if decision != .shorten, expires != nil { throw ValidationError("--expires goes with --decision shorten") }
        if decision != .restore, modelMayDiffer {
            throw ValidationError("--model-may-differ goes with --decision restore")
        }
    }

    func run() async throws {
        let place = try server.place()
        let desk = try SpoolDesk(place)
        let (suspension, standing) = try desk.suspension(id)
        if bytes.areWanted {
            let statement = try decision.statement(
                on: suspension, standing, roster: try desk.roster(), notAfter: bytes.notAfter,
                expires: decision == .shorten ? try desk.newEnd(expires, of: suspension) : nil,
                modelMayDiffer: modelMayDiffer)
            try bytes.write(statement)
            if !json {
                complain(bytes.steps { "holdfast veto accept \($0) --signature \($1) --as NAME" })
            }
            if bytes.writesToOutput { return }
        }
        let told = await place.suspensions()?.suspensions.first { $0.number == suspension.number }
        guard let view = told ?? desk.view(suspension.number) else { return }
        guard !json else { return print(String(decoding: try AdminJSON.encode(view), as: UTF8.self)) }
        guard !bytes.areWanted else { return }
        let missing = max(0, VetoPolicy.restorers - view.standing.approvers.count)
        print(VetoText.whole(view, ratifyUntil: desk.machine.ratifyUntil(suspension.number), missing: missing))
        for line in next(view) { print(line) }
    }

    /// The commands that may be next.
    private func next(_ view: SuspensionView) -> [String] {
        guard view.phase == "suspended" else { return [] }
        var lines: [String] = [""]
        if view.standing.ratifiedBy == nil, view.orderedBy.hasPrefix("person:") {
            lines.append(
                "A second person stands behind it:  holdfast veto ratify \(view.id) --as NAME --private-key FILE")
        }
        lines.append("Two people bring it back, each:    holdfast veto restore \(view.id) --as NAME --private-key FILE")
        if let ends = view.standing.proposedEnds {
            let which = ends.count > 1 ? " --expires END" : ""
            lines.append(
                "A second person signs the end:     holdfast veto shorten \(view.id)\(which) --as NAME --private-key FILE"
            )
        }
        return lines
    }
}

extension BytesOptions {
    /// True where the bytes go to standard output, which then is theirs alone.
    var writesToOutput: Bool { [statement, pae].contains("/dev/stdout") }
}
