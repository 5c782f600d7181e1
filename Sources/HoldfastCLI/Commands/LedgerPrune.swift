import HoldfastServer
import Access
import ArgumentParser
import Ledger
import LedgerDisk
import NIOCore
import Settings
import Wire

/// `holdfast ledger prune`
struct LedgerPrune: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Forget the ledger's oldest entries, for good.",
        usage: "holdfast ledger prune --before <before> [<options>]",
        discussion: """
            Later entries stay provable, and proofs that were given stay valid. The ledger is \
            verified first: what doesn't hold isn't pruned. Entries go 256 at a time. The last \
            hour stays, and what no quorum of witnesses has seen yet, where there are witnesses. \
            May run beside a Holdfast that writes.

            Example: holdfast ledger prune --before 2026-01-01 --dry-run
            """)

    @OptionGroup var options: LedgerOptions

    @Option(help: "The first entry to keep, by its index, or by a time such as 2026-01-01.")
    var before: String
    @Flag(help: "Only say what would go.") var dryRun = false
    @Flag(help: "Print JSON, for programs.") var json = false

    func validate() throws {
        guard UInt64(before) != nil || UnixTime(before) != nil else {
            throw ValidationError("--before wants an index, or a time such as 2026-01-01 or 2026-01-01T12:00:00Z")
        }
    }

    func run() throws {
        let directory = try options.settings().directory
        let (index, limit) = try extent()
        guard index <= limit else {
            complain(
                "holdfast: entries from \(limit) on stay: they are of the last hour, or their witnesses have not seen "
                    + "them; --before asks for up to \(index)")
            throw ExitStatus.usage.exit
        }
        let plan = try options.told { () throws(LedgerProblem) in
            let pruner = LedgerPruner(try LedgerStorage(directory, for: .pruning))
            let plan = try pruner.plan(before: index, limit: limit)
            if !dryRun { try pruner.prune(plan) }
            return plan
        }
        guard !json else {
            return printJSON { json in
                json.member("from", Int(plan.from))
                json.member("to", Int(plan.to))
                json.member("files", plan.paths.count)
                json.member("dry_run", dryRun)
            }
        }
        if plan.to == plan.from, plan.paths.isEmpty {
            return print("there is nothing to prune: the ledger begins at entry \(plan.from); entries go 256 at a time")
        }
        let (verb, gone) = dryRun ? ("would begin", "would go") : ("begins", "are gone")
        print("the ledger \(verb) at entry \(plan.to); \(plan.paths.count) files \(gone)")
    }

    /// Verifies the ledger.
    /// - Returns: the first entry to keep, and up to where pruning may go.
    private func extent() throws -> (index: UInt64, limit: UInt64) {
        let (folder, policy, own) = (try options.folder(), try options.trusted(isOwn: true), try options.ownPlan())
        let hourAgo = UnixTime(seconds: UnixTime.now.seconds - 3600)
        let given = UInt64(before)
        let time = given == nil ? UnixTime(before) : nil
        var (first, recent): (UInt64?, UInt64?)
        let size = try options.told { () throws(LedgerProblem) in
            try LedgerVerifier(folder, policy: policy).verify { number, bytes in
                guard recent == nil || time != nil && first == nil else { return }
                let at = EntryText(bytes)?.document?.root["at"]?.string.flatMap { UnixTime($0) }
                // What can't be dated is new.
                if recent == nil, at.map({ $0 >= hourAgo }) ?? true { recent = number }
                if first == nil, let time, at.map({ $0 >= time }) ?? true { first = number }
            }.checkpoint.size
        }
        var limit = recent ?? size
        if !own.witnesses.isEmpty {
            limit = min(limit, try options.told { () throws(LedgerProblem) in try witnessed(folder, own.policy) })
        }
        return (given ?? first ?? size, limit)
    }

    private func witnessed(_ folder: LedgerFolder, _ policy: LedgerPolicy) throws(LedgerProblem) -> UInt64 {
        guard let bytes = try folder.read(LedgerPaths.witnessed) else { return 0 }
        do throws(LedgerProblem) {
            return try VerifiedCheckpoint(try SignedNote(bytes), policy: policy).size
        } catch {
            complain("holdfast: the checkpoint that witnesses have cosigned last doesn't count: \(error)")
            return 0
        }
    }
}
