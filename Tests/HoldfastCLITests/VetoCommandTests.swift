import Encodings
import Files
import HoldfastCLI
import Signing
import Testing
import Veto
import VetoSpool

/// `holdfast veto` without a server: what is ordered and approved lies in the
/// spool, and what counts for nothing doesn't.
@Suite struct VetoCommandTests {
    @Test func anOrderIsInTheSpoolWhetherAServerRunsOrNot() async throws {
        let house = try await VetoHouse()
        let done = await house.pull("model:first/m")
        #expect(done.code == 0 && done.output.contains("S1: model:first/m is suspended."), "\(done)")
        #expect(done.output.contains("holdfast veto ratify S1") && done.output.contains("holdfast veto restore S1"))
        #expect(done.remarks.contains("No Holdfast runs") && done.remarks.contains(house.spool), "\(done.remarks)")
        #expect(try house.files("orders") == ["000001.json"])
        let list = await house.veto("list")
        #expect(list.output.contains("S1") && list.output.contains("suspended") && list.output.contains("person:alice"))
        let second = await house.pull("route:talk", "key:k_1", by: "bob")
        #expect(second.code == 0 && second.output.contains("S2: route:talk, key:k_1 is suspended."), "\(second)")
        #expect(try await house.show("S2")["scopes"] as? [String] == ["route:talk", "key:k_1"])
    }

    @Test func eachScopeMayBeASuspensionOfItsOwn() async throws {
        let house = try await VetoHouse()
        let done = await house.pull("lab:lab-one", "host:two", more: ["--each", "--json"])
        #expect(done.code == 0 && done.output.contains(#""ids":["S1","S2"]"#), "\(done)")
        #expect(try house.files("orders") == ["000001.json"])
        #expect(await house.pull("region:eu").output.contains("S3:"))
    }

    @Test func aDryRunSaysWhatItWouldHitAndOrdersNothing() async throws {
        let house = try await VetoHouse()
        let done = await house.veto("pull", "lab:lab-one", "--reason", "cost", "--text", "a", "--dry-run")
        #expect(done.code == 0 && done.output.contains("Route talk loses first/m; second/n can serve it."), "\(done)")
        #expect(done.output.contains("Route alone loses first/m; nobody else can serve it."))
        #expect(done.output.contains("needs --yes"))
        #expect(try house.files("orders").isEmpty)
    }

    @Test func whatLeavesARouteWithoutAnybodyIsNamedAndWantsYes() async throws {
        let house = try await VetoHouse()
        let words = ["pull", "host:one", "--reason", "other", "--text", "a"] + house.signs("alice")
        let done = await house("veto", words)
        #expect(done.code == 64 && done.output.isEmpty, "\(done)")
        #expect(done.remarks.contains("nothing is suspended: alone would be left without anybody. --yes"))
        #expect(try house.files("orders").isEmpty)
        #expect(await house("veto", words + ["--yes"]).code == 0)
    }

    // MARK: The way back

    @Test func twoPeopleApproveAndOneTwiceIsRefused() async throws {
        let house = try await VetoHouse()
        _ = await house.pull("model:first/m")
        let first = await house.decide("restore", "S1", by: "alice")
        #expect(first.code == 0 && first.output.contains("One more person is needed"), "\(first)")
        let again = await house.decide("restore", "S1", by: "alice")
        #expect(again.code == 65 && again.remarks.contains("alice signed already"), "\(again)")
        #expect(try await house.approvers("S1") == ["alice"])
        let second = await house.decide("restore", "S1", by: "bob")
        #expect(second.code == 0 && second.output.contains("S1 is on its way back"), "\(second)")
        #expect(try await house.show("S1")["phase"] as? String == "verifying")
        #expect(await house.decide("restore", "S1", by: "carol").code == 65)
    }

    @Test func whoOrderedDoesNotRatify() async throws {
        let house = try await VetoHouse()
        _ = await house.pull("model:first/m")
        let own = await house.decide("ratify", "S1", by: "alice")
        #expect(own.code == 65 && own.remarks.contains("alice"), "\(own)")
        #expect(await house.decide("ratify", "S1", by: "bob").output.contains("S1 is ratified by bob."))
        let standing = try await house.show("S1")["standing"] as? [String: Any]
        #expect(standing?["ratified_by"] as? String == "bob")
    }

    @Test func bothNameOneEndToShorten() async throws {
        let house = try await VetoHouse()
        _ = await house.pull("model:first/m", more: ["--expires", "2999-01-31"])
        let end = ["--expires", "2998-01-31T18:00:00Z"]
        let first = await house.decide("shorten", "S1", by: "alice", more: end)
        #expect(first.code == 0 && first.output.contains("holdfast veto shorten S1 --expires 2998-01-31T18:00:00Z"))
        let second = await house.decide("shorten", "S1", by: "bob", more: end)
        #expect(second.output.contains("S1 ends at 2998-01-31 18:00Z, by alice and bob."), "\(second)")
        let later = await house.decide("shorten", "S1", by: "carol", more: ["--expires", "2999-06-01"])
        #expect(later.code == 65 && later.remarks.contains("name an earlier time"), "\(later)")
    }

    @Test func theSecondPersonSignsTheEndOfTheFirst() async throws {
        let house = try await VetoHouse()
        _ = await house.pull("model:first/m", more: ["--expires", "2999-01-31"])
        let none = await house.decide("shorten", "S1", by: "bob")
        #expect(none.code == 64 && none.remarks.contains("no person has signed an earlier end of S1"), "\(none)")
        let first = await house.decide("shorten", "S1", by: "alice", more: ["--expires", "2h", "--json"])
        #expect(first.code == 0, "\(first)")
        let shown = await house.veto("show", "S1")
        #expect(shown.output.contains("signed by alice; 1 more person needed"), "\(shown)")
        #expect(shown.output.contains("holdfast veto shorten S1 --as NAME"), "\(shown)")
        let standing = try await house.show("S1")["standing"] as? [String: Any]
        let proposed = try #require((standing?["proposed_ends"] as? [[String: Any]])?.first)
        let end = try #require(proposed["expires"] as? Int)
        #expect(first.output.contains("\"expires\":\(end)") && proposed["people"] as? [String] == ["alice"])
        // Minutes later, the same words would be another end.
        let other = await house.decide("shorten", "S1", by: "bob", more: ["--expires", "2h"])
        #expect(other.code == 64 && other.remarks.contains("Leave --expires out"), "\(other)")
        #expect(other.remarks.contains("\(StatusText.exact(end)) (alice)"), "\(other)")
        let second = await house.decide("shorten", "S1", by: "bob")
        #expect(second.code == 0 && second.output.contains("by alice and bob."), "\(second)")
        #expect(try await house.show("S1")["expires"] as? Int == end)
    }

    @Test func ofSeveralEndsAPersonNamesOne() async throws {
        let house = try await VetoHouse()
        _ = await house.pull("model:first/m", more: ["--expires", "2999-01-31"])
        for (person, end) in [("alice", "2998-01-31T18:00:00Z"), ("carol", "2997-01-31T18:00:00Z")] {
            #expect(await house.decide("shorten", "S1", by: person, more: ["--expires", end]).code == 0)
        }
        let which = await house.decide("shorten", "S1", by: "bob")
        #expect(which.code == 64 && which.remarks.contains("several earlier ends"), "\(which)")
        #expect(which.remarks.contains("2997-01-31T18:00:00Z (carol), 2998-01-31T18:00:00Z (alice)"), "\(which)")
        let file = house.key("end.json")
        let wrote = await house.veto("show", "S1", "--decision", "shorten", "--statement", file)
        #expect(wrote.code == 64 && !house.scratch.exists("end.json"), "\(wrote)")
    }

    @Test func theBytesForAKeyElsewhereHaveTheEndOfTheFirst() async throws {
        let house = try await VetoHouse()
        _ = await house.pull("model:first/m", more: ["--expires", "2999-01-31"])
        _ = await house.decide("shorten", "S1", by: "alice", more: ["--expires", "2998-01-31T18:00:00Z"])
        let (statement, encoding) = (house.key("end.json"), house.key("end.pae"))
        let wrote = await house.veto(
            "show", "S1", "--decision", "shorten", "--statement", statement, "--pae", encoding)
        #expect(wrote.code == 0, "\(wrote)")
        try VetoHouse.openssl("dgst", "-sha256", "-sign", house.key("bob.key"), "-out", house.key("sig"), encoding)
        let done = await house.veto("accept", statement, "--signature", house.key("sig"), "--as", "bob")
        #expect(done.output.contains("S1 ends at 2998-01-31 18:00Z, by alice and bob."), "\(done)")
    }

    // MARK: A gate that failed

    @Test func theReasonOfAFailedGateIsShownWithoutAServer() async throws {
        let house = try await VetoHouse()
        _ = await house.pull("model:first/m")
        #expect(!(await house.veto("show", "S1")).output.contains("gate failed"))
        for person in ["alice", "bob"] { _ = await house.decide("restore", "S1", by: person) }
        try house.fail(1, because: "first/m did not answer the gate: unreachable")
        let shown = await house.veto("show", "S1")
        #expect(shown.code == 0 && shown.remarks.isEmpty, "\(shown)")
        let line = shown.output.split(separator: "\n").first { $0.contains("gate failed") }
        #expect(line?.hasSuffix(": first/m did not answer the gate: unreachable") == true, "\(shown)")
        let standing = try await house.show("S1")["standing"] as? [String: Any]
        let failure = try #require(standing?["failure"] as? [String: Any])
        #expect(failure["reason"] as? String == "first/m did not answer the gate: unreachable")
        #expect((failure["time"] as? Int ?? 0) > 1_700_000_000)
        #expect(try await house.approvers("S1").isEmpty)
    }

    // MARK: Keys that are elsewhere

    @Test("openssl signs what --pae writes", arguments: ["a statement", "an encoding"])
    func openssl(form: String) async throws {
        let house = try await VetoHouse()
        _ = await house.pull("model:first/m")
        let (statement, encoding) = (house.key("s1.json"), house.key("s1.pae"))
        let wrote = await house.veto("show", "S1", "--statement", statement, "--pae", encoding)
        #expect(wrote.code == 0 && wrote.remarks.contains("openssl dgst -sha256 -sign KEY"), "\(wrote)")
        try VetoHouse.openssl(
            "dgst", "-sha256", "-sign", house.key("bob.key"), "-out", house.key("s1.sig"), encoding)
        let done = await house.veto(
            "accept", form == "a statement" ? statement : encoding, "--signature", house.key("s1.sig"), "--as", "bob")
        #expect(done.code == 0 && done.output.contains("bob approves that S1 comes back."), "\(done)")
        #expect(try await house.approvers("S1") == ["bob"])
        let replayed = await house.veto("accept", statement, "--signature", house.key("s1.sig"))
        #expect(replayed.code == 65 && replayed.remarks.contains("used already"), "\(replayed)")
        let other = await house.veto("accept", statement, "--signature", house.key("s1.sig"), "--as", "carol")
        #expect(other.code == 65 && other.remarks.contains("not carol's"), "\(other)")
    }

    @Test func anOrderIsSignedElsewhere() async throws {
        let house = try await VetoHouse()
        let (order, encoding) = (house.key("order.json"), house.key("order.pae"))
        let words = [
            "pull", "route:talk", "--reason", "legal", "--basis", "recall", "--text", "a", "--as", "alice", "--yes",
        ]
        let wrote = await house("veto", words + ["--statement", order, "--pae", encoding])
        #expect(wrote.code == 0 && wrote.output.isEmpty && wrote.remarks.contains("--signed"), "\(wrote)")
        #expect(try house.files("orders").isEmpty)
        try VetoHouse.openssl("dgst", "-sha256", "-sign", house.key("bob.key"), "-out", house.key("sig"), encoding)
        // By another person than the one who orders.
        let bobs = await house.veto("pull", "--statement", order, "--signed", house.key("sig"), "--yes")
        #expect(bobs.code == 65 && bobs.remarks.contains("not signed by its orderer"), "\(bobs)")
        try VetoHouse.openssl("dgst", "-sha256", "-sign", house.key("alice.key"), "-out", house.key("sig"), encoding)
        let done = await house.veto(
            "pull", "--statement", order, "--signed", house.key("sig"), "--as", "alice", "--yes")
        #expect(done.code == 0 && done.output.contains("S1: route:talk is suspended."), "\(done)")
        let again = await house.veto("pull", "--statement", order, "--signed", house.key("sig"), "--yes")
        #expect(again.code == 65 && again.remarks.contains("used already, for S1"), "\(again)")
    }

    // MARK: Refused

    @Test(
        "wrong words are told before anything is read",
        arguments: [
            (["pull", "--reason", "other", "--text", "a"], "name what is suspended"),
            (["pull", "first/m", "--reason", "other", "--text", "a"], "did you mean model:first/m?"),
            (
                ["pull", "modell:first/m", "--reason", "other", "--text", "a"],
                "model, weights, lab, host, region, route, key"
            ),
            (["pull", "lab:a", "lab:a", "--reason", "other", "--text", "a"], "there twice"),
            (["pull", "lab:a", "--text", "a"], "--reason says why"),
            (["pull", "lab:a", "--reason", "other"], "--text says it in words"),
            (["pull", "lab:a", "--reason", "legal", "--text", "a"], "--basis recall"),
            (["pull", "lab:a", "--reason", "cost", "--basis", "recall", "--text", "a"], "--basis goes with"),
            (["pull", "lab:a", "--reason", "other", "--text", "a\nb"], "one line"),
            (["pull", "lab:a", "--reason", "other", "--text", "a", "--drain-limit", "9s"], "goes with --mode drain"),
            (["pull", "lab:a", "--reason", "other", "--text", "a", "--expires", "2001-01-31"], "in the past"),
            (["pull", "lab:a", "--signed", "x"], "has its scopes already"),
            (["show", "S1", "--statement", "x", "--expires", "2h"], "goes with --decision shorten"),
            (["restore", "S1", "--private-key", "k", "--pae", "x"], "choose"),
            (["shorten", "S1", "--private-key", "k", "--expires", "soon"], "--expires"),
        ])
    func usage(words: [String], said: String) async throws {
        let house = try await VetoHouse([], isFounded: false)
        let done = await house("veto", words)
        #expect(done.code == 64 && done.output.isEmpty && done.remarks.contains(said), "\(done)")
        #expect(!house.scratch.exists(".holdfast"))
    }

    @Test func withoutPeopleNothingIsOrdered() async throws {
        let house = try await VetoHouse(["alice"], isFounded: false)
        let done = await house.pull("lab:lab-two")
        #expect(done.code == 78 && done.remarks.contains("holdfast people init"), "\(done)")
        #expect(await house.veto("list").output.contains("holdfast people init"))
    }

    @Test func strangersAndOthersKeysAreRefused() async throws {
        let house = try await VetoHouse()
        _ = await run("people", "key", house.key("mallory"))
        let stranger = await house.pull("route:talk", by: "mallory")
        #expect(stranger.code == 65 && stranger.remarks.contains("not in the roster"), "\(stranger)")
        let alias = await house(
            "veto",
            ["pull", "route:talk", "--reason", "other", "--text", "a", "--yes", "--as", "alice"]
                + ["--private-key", house.key("bob.key")])
        #expect(alias.code == 65 && alias.remarks.contains("the key is bob's, and not alice's"), "\(alias)")
        #expect(try house.files("orders").isEmpty)
        _ = await house.pull("route:talk")
        #expect(await house.decide("restore", "S1", by: "mallory").code == 65)
        for (id, said) in [("S9", "no suspension S9"), ("talk", "no suspension's id"), ("S0", "no suspension's id")] {
            let done = await house.decide("restore", id, by: "bob")
            #expect(done.code == 64 && done.remarks.contains(said), "\(done)")
        }
    }

    @Test(
        "files that are no statement get a word",
        arguments: [
            "", "{}", "[]", "nonsense", #"{"payload":"e30=","payloadType":"text/plain","signatures":[]}"#,
            "DSSEv1 1 a 2 b",
        ])
    func noStatement(text: String) async throws {
        let house = try await VetoHouse()
        let file = try house.scratch.write(text, to: "file")
        let done = await house.veto("accept", file)
        #expect(done.code == 65 && done.remarks.hasPrefix("holdfast: "), "\(done)")
        #expect(await house.veto("accept", house.key("none")).code == 66)
    }

    @Test func aForgedOrderInTheSpoolCountsForNothing() async throws {
        let house = try await VetoHouse()
        _ = await house.pull("lab:lab-two")
        let good = try house.scratch.text(".holdfast/veto/orders/000001.json")
        var file = try StatementFile(Array(good.utf8))
        file.payload = Array(String(decoding: file.payload, as: UTF8.self).replacing("lab-two", with: "lab-one").utf8)
        try house.scratch.write(String(decoding: file.envelope, as: UTF8.self), to: ".holdfast/veto/orders/000002.json")
        let list = await house.veto("list")
        #expect(list.output.contains("S1") && !list.output.contains("S2"), "\(list)")
        #expect(list.remarks.contains("000002.json"), "\(list.remarks)")
        #expect(await house.pull("route:alone").output.contains("S3:"))
    }
}
