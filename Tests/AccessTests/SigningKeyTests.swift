import Access
import Seeded
import Testing

/// Keys that sign: found by their ids, proven by their secrets.
@Suite struct SigningKeyTests {
    private let start = ContinuousClock.now
    private let now = UnixTime(seconds: 1_800_000_000)
    private let serverKeys = ServerKeys([1: Array(repeating: 7, count: 32), 2: Array(repeating: 9, count: 32)])
    private let seed = SigningSeed(salt: Array(repeating: 1, count: SigningSeed.saltLength), version: 1)

    private func record(_ id: SigningKeyID, _ change: (inout KeyRecord) -> Void = { _ in }) -> KeyRecord {
        var record = KeyRecord(name: id.text, id: id, seed: seed, created: UnixTime(seconds: 1_700_000_000))
        change(&record)
        return record
    }

    private func ring(_ records: KeyRecord..., serverKeys: ServerKeys? = nil) -> KeyRing {
        KeyRing(records, serverKeys: serverKeys ?? self.serverKeys, now: start)
    }

    // MARK: Ids

    @Test func anIdHasTheFormOfAWSsOwn() {
        var chance = SplitMix(seed: 1)
        let ids = (0..<200).map { _ in SigningKeyID(using: &chance) }
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(id.text.count == 20 && id.text.hasPrefix("HFSK") && SigningKeyID(id.text) == id)
        }
    }

    @Test(arguments: [
        "", "HFSK", "HFSKAAAAAAAAAAAAAAA", "HFSKAAAAAAAAAAAAAAAAA", "HFSKAAAAAAAAAAAAAAA1", "hfskAAAAAAAAAAAAAAAA",
        "AKIAAAAAAAAAAAAAAAAA", "HFSKAAAAAAAAAAAAAAA\u{E9}",
    ])
    func whatHasAnotherFormIsNoId(_ text: String) { #expect(SigningKeyID(text) == nil) }

    // MARK: Secrets

    @Test func aSecretDependsOnTheServersKeyTheSaltAndTheId() throws {
        let one = try #require(serverKeys.secret(of: "HFSKA", seed))
        #expect(one.count == 40 && one == serverKeys.secret(of: "HFSKA", seed))
        var salted = seed
        salted.salt[0] ^= 1
        var newer = seed
        newer.version = 2
        let others = [
            serverKeys.secret(of: "HFSKB", seed), serverKeys.secret(of: "HFSKA", salted),
            serverKeys.secret(of: "HFSKA", newer),
        ]
        #expect(Set([one] + others.compactMap { $0 }).count == 4)
    }

    @Test func aMissingVersionMakesNoSecret() {
        #expect(ServerKeys().secret(of: "HFSKA", seed) == nil)
        #expect(ServerKeys([2: Array(repeating: 9, count: 32)]).secret(of: "HFSKA", seed) == nil)
    }

    @Test func aVersionIsNeverBegunTwice() {
        var keys = ServerKeys()
        #expect(keys.newest == nil)
        keys.begin(after: 0)
        keys.begin(after: 0)
        #expect(keys.versions == [1, 2] && keys.bytes(of: 1) != keys.bytes(of: 2))
        keys.keep([2])
        keys.begin(after: 6)
        #expect(keys.versions == [2, 7] && keys.newest == 7)
        #expect(keys.bytes(of: 7)?.count == ServerKeys.length)
    }

    @Test func theServersKeysDontShowThemselves() {
        let keys = ServerKeys([1: Array("0123456789abcdef0123456789abcdef".utf8)])
        var dumped = ""
        dump(keys, to: &dumped)
        for text in ["\(keys)", String(reflecting: keys), dumped] {
            #expect(!text.contains("0123") && !text.contains("48, 49"), "\(text)")
        }
    }

    // MARK: Claims

    @Test func onlyAProofMakesACaller() throws {
        let id = SigningKeyID()
        let ring = ring(record(id))
        guard case .claimed(let key) = ring.claim(id.text, now: now) else { return #expect(Bool(false)) }
        #expect(key.id == id.text)
        #expect(key.proven { _ in false } == nil)
        let secret = try #require(serverKeys.secret(of: id.text, seed))
        let principal = try #require(key.proven { $0 == secret })
        #expect(principal.id == id.text && !principal.isAdmin)
    }

    @Test func aKeyThatSignsIsNeverPresented() throws {
        let id = SigningKeyID()
        let ring = ring(record(id))
        for text in [id.text, try #require(serverKeys.secret(of: id.text, seed))] {
            guard case .unknown = ring.authenticate(text, now: now) else { return #expect(Bool(false)) }
        }
    }

    @Test func aKeyThatIsPresentedNeverSigns() {
        let presented = KeyRecord(name: "a", digest: KeyDigest(of: "hf_a"), created: now)
        let ring = ring(presented)
        for id in [presented.id, "hf_a", "a"] {
            guard case .unknown = ring.claim(id, now: now) else { return #expect(Bool(false)) }
        }
    }

    @Test func whatHasEndedIsNotClaimed() {
        let (revoked, expired, live) = (SigningKeyID(), SigningKeyID(), SigningKeyID())
        let ring = ring(
            record(revoked) { ($0.revoked, $0.expires) = (now, now) }, record(expired) { $0.expires = now },
            record(live) { $0.expires = UnixTime(seconds: now.seconds + 1) })
        guard case .revoked = ring.claim(revoked.text, now: now) else { return #expect(Bool(false)) }
        guard case .expired(now) = ring.claim(expired.text, now: now) else { return #expect(Bool(false)) }
        guard case .claimed = ring.claim(live.text, now: now) else { return #expect(Bool(false)) }
        guard case .unknown = ring.claim(SigningKeyID().text, now: now) else { return #expect(Bool(false)) }
    }

    @Test func withoutItsVersionAKeyIsUnready() {
        let id = SigningKeyID()
        let ring = ring(record(id), serverKeys: ServerKeys())
        guard case .unready(version: 1) = ring.claim(id.text, now: now) else { return #expect(Bool(false)) }
        #expect(ring.unready == [id.text] && ring.count == 1)
        ring.replace(with: ring.records, serverKeys: serverKeys, now: start)
        guard case .claimed = ring.claim(id.text, now: now) else { return #expect(Bool(false)) }
        #expect(ring.unready.isEmpty)
    }

    @Test func withoutKeysNothingIsClaimed() {
        let id = SigningKeyID()
        let ring = ring(record(id))
        ring.removeKeys()
        guard case .unknown = ring.claim(id.text, now: now) else { return #expect(Bool(false)) }
    }

    @Test func whatIsSpentOfALimitStaysSpentAfterAnEdit() throws {
        let id = SigningKeyID()
        let limited = record(id) { $0.limits = RateLimits(requestsPerMinute: 1) }
        let ring = ring(limited)
        func principal() throws -> Principal {
            guard case .claimed(let key) = ring.claim(id.text, now: now) else { throw CancellationError() }
            return try #require(key.proven { _ in true })
        }
        #expect(try principal().admit(now: start) == .allowed)
        var edited = limited
        edited.routes = ["a"]
        ring.replace(with: [edited], serverKeys: serverKeys, now: start)
        #expect(try principal().allowedRoutes == ["a"])
        #expect(try principal().admit(now: start) != .allowed)
    }
}
