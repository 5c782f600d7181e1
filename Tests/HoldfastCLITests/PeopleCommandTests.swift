import Encodings
import Files
import Foundation
import HoldfastCLI
import Signing
import Testing
import VetoSpool

/// `holdfast people`: the roster, and who may change it.
@Suite struct PeopleCommandTests {
    private func roster(_ house: VetoHouse) async throws -> [String: Any] {
        let done = await house("people", ["show", "--json"])
        return try JSONSerialization.jsonObject(with: Data(done.output.utf8)) as? [String: Any] ?? [:]
    }

    private func names(_ house: VetoHouse) async throws -> [String] {
        let people = try await roster(house)["people"] as? [[String: Any]] ?? []
        return people.compactMap { $0["name"] as? String }
    }

    @Test func aKeyStaysWithItsOwnerAndIsNeverReplaced() async throws {
        let scratch = try ScratchFolder()
        let done = await run("people", "key", scratch.path + "/alice")
        #expect(done.code == 0 && done.output.contains("alice.key stays here"), "\(done)")
        let (secret, known) = (try scratch.text("alice.key"), try scratch.text("alice.pub"))
        let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path + "/alice.key")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try ECPrivateKey(pem: secret).publicKey.pem == known)
        #expect(await run("people", "key", scratch.path + "/alice").code != 0)
        #expect(try scratch.text("alice.key") == secret)
    }

    @Test func theRosterIsMadeOnce() async throws {
        let house = try await VetoHouse(isFounded: false)
        let words = ["init"] + VetoHouse.founders(["alice", "bob"], in: house.scratch.path)
        let done = await house("people", words)
        #expect(done.code == 0 && done.output.contains("Roster, version 1"), "\(done)")
        #expect(try house.files("roster") == ["0001.json"])
        let shown = try await roster(house)
        #expect(shown["version"] as? Int == 1 && shown["threshold"] as? Int == 2)
        let digest = try #require(shown["digest"] as? String)
        #expect(done.output.contains(digest))
        let again = await house("people", words)
        #expect(again.code == 73 && again.remarks.contains("holdfast people add"), "\(again)")
    }

    @Test func everyKeyOfTheFirstRosterSignsIt() async throws {
        let house = try await VetoHouse(isFounded: false)
        let named = VetoHouse.named(["alice", "bob"], in: house.scratch.path)
        let nobody = await house("people", ["init"] + named)
        #expect(
            nobody.code == 64 && nobody.remarks.contains("alice (") && nobody.remarks.contains("bob ("), "\(nobody)")
        let one = await house("people", ["init"] + named + ["--private-key", house.key("alice.key")])
        #expect(one.code == 64 && !one.remarks.contains("alice (") && one.remarks.contains("--out FILE"), "\(one)")
        let other = await house("people", ["init"] + named + ["--private-key", house.key("carol.key")])
        #expect(other.code == 65 && other.remarks.contains("no key of the people"), "\(other)")
        #expect(try house.files("roster").isEmpty)
    }

    @Test func theFirstRosterGoesFromPersonToPerson() async throws {
        let house = try await VetoHouse(isFounded: false)
        let (file, encoding, raw) = (house.key("roster-1.json"), house.key("roster-1.pae"), house.key("carol.sig"))
        let named = VetoHouse.named(["alice", "bob", "carol"], in: house.scratch.path)
        let wrote = await house("people", ["init"] + named + ["--private-key", house.key("alice.key"), "--out", file])
        #expect(wrote.code == 0 && wrote.output.contains("there is no roster yet"), "\(wrote)")
        #expect(wrote.output.contains("bob (") && !wrote.output.contains("signed by alice"), "\(wrote)")
        let early = await house("people", ["accept", file])
        #expect(early.code == 65 && early.remarks.contains("bob's key"), "\(early)")
        let elsewhere = ["--config", house.key("nowhere.yaml")]
        let signed = await run(["people", "sign", file, "--private-key", house.key("bob.key")] + elsewhere)
        #expect(signed.code == 0 && signed.output.contains("Signed by bob."), "\(signed)")
        let twice = await run(["people", "sign", file, "--private-key", house.key("bob.key")] + elsewhere)
        #expect(twice.code == 65 && twice.remarks.contains("signed it already"), "\(twice)")
        // By a program that isn't ours.
        let bytes = await run(["people", "sign", file, "--pae", encoding] + elsewhere)
        #expect(bytes.code == 0 && bytes.output.contains("openssl dgst -sha256"), "\(bytes)")
        try VetoHouse.openssl("dgst", "-sha256", "-sign", house.key("carol.key"), "-out", raw, encoding)
        let wrong = await run(["people", "sign", file, "--signature", raw, "--as", "bob"] + elsewhere)
        #expect(wrong.code == 65 && wrong.remarks.contains("the key is carol's"), "\(wrong)")
        let brought = await run(["people", "sign", file, "--signature", raw, "--as", "carol"] + elsewhere)
        #expect(brought.code == 0 && brought.output.contains("3 signatures now"), "\(brought)")
        let done = await house("people", ["accept", file])
        #expect(done.code == 0 && done.output.contains("Version 1 of the roster is in force"), "\(done)")
        #expect(try await names(house) == ["alice", "bob", "carol"])
        let again = await house("people", ["accept", file])
        #expect(again.code == 65 && again.remarks.contains("there is a roster already"), "\(again)")
        #expect(await house.pull("route:talk", by: "carol").code == 0)
    }

    @Test func aRosterIsSignedInOneOfThreeWays() async throws {
        let house = try await VetoHouse()
        for words in [[], ["--private-key", "a", "--pae", "b"], ["--pae", "b", "--signature", "c"]] {
            let done = await house("people", ["sign", "f"] + words)
            #expect(done.code == 64 && done.remarks.contains("--signature FILE"), "\(done)")
        }
    }

    @Test(
        "a roster that breaks a rule is refused",
        arguments: [
            ["--person", "alice=alice.pub"], ["--person", "alice=alice.pub", "--person", "bob=alice.pub"],
            ["--person", "alice=alice.pub", "--person", "Bob=bob.pub"],
            ["--person", "alice=alice.pub", "--person", "bob=bob.pub", "--threshold", "3"],
            ["--person", "alice=alice.pub", "--person", "bob=bob.pub", "--threshold", "1"],
            ["--person", "alice=alice.pub", "--person", "bob=bob.pub", "--recovery", "bob.pub"],
            [
                "--person", "alice=alice.pub", "--person", "bob=bob.pub", "--recovery", "carol.pub",
                "--recovery-threshold", "2",
            ],
            ["--person", "alice=alice.pub", "--person", "bob=bob.key"],
            ["--person", "alice=alice.pub", "--person", "bob=none"],
        ])
    func broken(words: [String]) async throws {
        let house = try await VetoHouse(isFounded: false)
        let full = words.map { word in
            let parts = word.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { return "\(parts[0])=\(house.key(String(parts[1])))" }
            return word.hasSuffix(".pub") ? house.key(word) : word
        }
        let done = await house("people", ["init"] + full)
        #expect([65, 66].contains(done.code) && done.output.isEmpty && done.remarks.hasPrefix("holdfast: "), "\(done)")
        #expect(!house.scratch.exists(".holdfast/veto/roster/0001.json"))
    }

    @Test func aVersionNeedsTheThresholdOfTheOneBefore() async throws {
        let house = try await VetoHouse()
        _ = await house.pull("route:talk")
        _ = await run("people", "key", house.key("dave"))
        let next = house.key("next.json")
        let wrote = await house("people", ["add", "dave=\(house.key("dave.pub"))", "--out", next])
        #expect(wrote.code == 0 && wrote.output.contains("nothing is changed yet"), "\(wrote)")
        #expect(wrote.output.contains("2 people sign it, and dave with each new key, each:"), "\(wrote)")
        let unsigned = await house("people", ["accept", next])
        #expect(unsigned.code == 64 && unsigned.remarks.contains("not signed"), "\(unsigned)")
        let signed = await house("people", ["sign", next] + house.signs("alice"))
        #expect(signed.code == 0 && signed.output.contains("dave") && signed.output.contains("1 signature now"))
        let one = await house("people", ["accept", next])
        #expect(one.code == 65 && one.remarks.contains("1 of 2 people signed"), "\(one)")
        let twice = await house("people", ["sign", next] + house.signs("alice"))
        #expect(twice.code == 65 && twice.remarks.contains("alice has signed it already"), "\(twice)")
        _ = await house("people", ["sign", next] + house.signs("bob"))
        let unheld = await house("people", ["accept", next])
        #expect(unheld.code == 65 && unheld.remarks.contains("has not signed it"), "\(unheld)")
        #expect(unheld.remarks.contains("have dave sign the same file"), "\(unheld)")
        let newcomer = await house("people", ["sign", next] + house.signs("dave"))
        #expect(newcomer.code == 0 && newcomer.output.contains("Signed by dave."), "\(newcomer)")
        let done = await house("people", ["accept", next])
        #expect(done.code == 0 && done.output.contains("Version 2 of the roster is in force"), "\(done)")
        #expect(try await names(house) == ["alice", "bob", "carol", "dave"])

        // The newcomer counts for what is ordered from now on.
        let old = await house.decide("restore", "S1", by: "dave")
        #expect(old.code == 65 && old.remarks.contains("dave counts since version 2"), "\(old)")
        #expect(await house.pull("route:alone", by: "dave").code == 0)
        #expect(await house.decide("restore", "S2", by: "dave").code == 0)
    }

    @Test func whoHasLeftCountsForNothing() async throws {
        let house = try await VetoHouse()
        _ = await house.pull("route:talk")
        let next = house.key("next.json")
        _ = await house("people", ["remove", "carol", "--out", next])
        for person in ["alice", "bob"] { _ = await house("people", ["sign", next] + house.signs(person)) }
        #expect(await house("people", ["accept", next]).code == 0)
        #expect(try await names(house) == ["alice", "bob"])
        let done = await house.decide("restore", "S1", by: "carol")
        #expect(done.code == 65 && done.remarks.contains("it was carol's"), "\(done)")
        let nobody = await house("people", ["remove", "zoe", "--out", next])
        #expect(nobody.code == 65 && nobody.remarks.contains("zoe is not in the roster"))
    }

    @Test func aFileIsSignedOnAMachineWithoutTheServersFiles() async throws {
        let house = try await VetoHouse()
        _ = await run("people", "key", house.key("dave"))
        let next = house.key("next.json")
        _ = await house("people", ["add", "dave=\(house.key("dave.pub"))", "--out", next])
        for person in ["alice", "bob", "dave"] {
            let elsewhere = ["--config", house.key("nowhere.yaml")]
            let done = await run(["people", "sign", next, "--private-key", house.key("\(person).key")] + elsewhere)
            #expect(done.code == 0, "\(done)")
        }
        #expect(await house("people", ["accept", next]).code == 0)
    }

    @Test func recoveryKeysAnnounceAndAnybodyCancels() async throws {
        let house = try await VetoHouse(isFounded: false)
        for name in ["safe-1", "safe-2", "erin", "frank"] { _ = await run("people", "key", house.key(name)) }
        _ = await house(
            "people",
            ["init"] + VetoHouse.founders(["alice", "bob"], in: house.scratch.path)
                + ["--recovery", house.key("safe-1.pub"), "--recovery", house.key("safe-2.pub")])
        _ = await house.pull("route:talk")
        let next = house.key("replacement.json")
        _ = await house(
            "people", ["replace"] + VetoHouse.named(["erin", "frank"], in: house.scratch.path) + ["--out", next])
        for safe in ["safe-1", "safe-2"] {
            let done = await house("people", ["sign", next, "--private-key", house.key("\(safe).key")])
            #expect(done.code == 0 && done.output.contains("Signed by a recovery key"), "\(done)")
        }
        let unheld = await house("people", ["accept", next])
        #expect(unheld.code == 65 && unheld.remarks.contains("erin's key"), "\(unheld)")
        for person in ["erin", "frank"] {
            let done = await house("people", ["sign", next] + house.signs(person))
            #expect(done.code == 0 && done.output.contains("Signed by \(person)."), "\(done)")
        }
        let announced = await house("people", ["accept", next])
        #expect(announced.code == 0 && announced.output.contains("is announced, and in force from"), "\(announced)")
        let shown = try await roster(house)
        #expect(shown["version"] as? Int == 1 && shown["replacement"] != nil)
        // Neither who sealed the keys nor who is to come restores anything.
        for person in ["erin", "safe-1"] {
            let done = await house("veto", ["restore", "S1", "--private-key", house.key("\(person).key")])
            #expect(done.code == 65, "\(done)")
        }
        let cancelled = await house("people", ["cancel"] + house.signs("bob"))
        #expect(cancelled.code == 0 && cancelled.output.contains("is cancelled by bob"), "\(cancelled)")
        #expect(try await roster(house)["replacement"] == nil)
    }
}
