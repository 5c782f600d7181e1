import Crypto
import Documented
import Encodings
import Signing
import Testing
import Veto

/// The example of docs/veto-statements.md, whose bytes were written and signed
/// by OpenSSL and PyPI's securesystemslib.
@Suite struct WorkedExampleTests {
    private let blocks: [String]

    init() throws { blocks = try DocumentedPage("veto-statements").code(under: "## A worked example") }

    private func bytes(_ block: Int) -> [UInt8] { Array(blocks[block].utf8) }

    @Test func theDigestsAreThose() throws {
        let suspension = try Suspension(record: bytes(0), number: 12)
        #expect(Hex.encode(suspension.digest) == blocks[1])
        #expect(suspension.id == "S12" && suspension.orderer == .person("alice"))
        let roster = try Roster(bytes(2))
        #expect(Hex.encode(roster.digest) == blocks[3])
        #expect(roster.people.map(\.name) == ["alice", "bob", "carol"])
        #expect(Hex.encode(SHA256.hash(data: SignedEnvelope.preAuthEncoding(bytes(5)))) == blocks[6])
    }

    /// The whole way from alice's order to the gate.
    @Test func theMachineTakesIt() throws {
        let suspension = try Suspension(record: bytes(0), number: 12)
        let now = VetoTime(wall: suspension.ordered + 60, boot: 60_000_000_000)
        var machine = try VetoMachine(founding: try Roster(bytes(2)), start: now)
        let order = try machine.verified(SignedStatement(bytes(4)))
        #expect(machine.take(order, number: 12, at: now) == [.ordered(suspension)])
        let approval = try machine.verified(SignedStatement(bytes(7)))
        #expect(try approval.statement.payload == bytes(5))
        #expect(
            machine.take(approval, at: now) == [
                .approved(number: 12, by: "bob"), .approved(number: 12, by: "carol"),
                .verifying(number: 12, cause: .people(["bob", "carol"])),
            ])
    }
}
