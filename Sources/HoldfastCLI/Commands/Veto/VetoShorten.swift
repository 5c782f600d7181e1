import Access
import ArgumentParser
import Encodings
import HoldfastServer
import Veto

/// `holdfast veto shorten`
struct VetoShorten: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shorten", abstract: "Move the end of a suspension forward; two people must.",
        usage: """
            holdfast veto shorten <id> [--expires <expires>]
              --private-key <private-key> [<options>]
            holdfast veto shorten <id> [--expires <expires>]
              --statement <file> --pae <file> [<options>]
            """,
        discussion: """
            The first person names the new end. The second one signs the same end: without \
            --expires, it is the one that the first has signed, which `holdfast veto show` prints. \
            The end passes the same gate as a restoration.

            Examples:
              holdfast veto shorten S12 --expires 2h --as alice --private-key alice.key
              holdfast veto show S12
              holdfast veto shorten S12 --as bob --private-key bob.key
            """)

    @OptionGroup var options: DecisionOptions
    @Option(
        help: """
            The new end: 2027-01-31T18:00:00Z, or 2h from now. [default: the one that another \
            person has signed]
            """)
    var expires: Expiry?

    func run() async throws { try await options.decide(.shorten, expires: expires) }
}

extension SpoolDesk {
    /// The earlier end that a person is to sign: the given one, or the only one
    /// that another person has signed and that is still to come.
    ///
    /// A time from now is another end for each person who writes it, so that
    /// two people would never sign the same one.
    /// - Throws: an exit code, once the reason has been printed.
    func newEnd(_ given: Expiry?, of suspension: Suspension) throws -> Int {
        let now = Int(UnixTime.now.seconds)
        let proposed = proposedEnds(of: suspension.number).filter { $0.expires > now }
        let ends = proposed.map { end in
            "\(StatusText.exact(end.expires)) (\(end.people.map(\.printable).joined(separator: ", ")))"
        }.joined(separator: ", ")
        if let given {
            guard given.isFromNow, !proposed.isEmpty else { return Int(given.time.seconds) }
            complain(
                "holdfast: an earlier end of \(suspension.id) is signed already: \(ends). A time from now would be another "
                    + "end. Leave --expires out to sign that one, or give the exact time to propose another.")
            throw ExitStatus.usage.exit
        }
        if proposed.count == 1, let only = proposed.first { return only.expires }
        complain(
            proposed.isEmpty
                ? "holdfast: no person has signed an earlier end of \(suspension.id) yet; say which: --expires "
                    + "2027-01-31T18:00:00Z, or --expires 2h"
                : "holdfast: several earlier ends of \(suspension.id) are signed: \(ends); say which: --expires END")
        throw ExitStatus.usage.exit
    }
}
