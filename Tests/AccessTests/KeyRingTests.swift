import Access
import Testing

@Suite struct KeyRingTests {
    let start = ContinuousClock.now
    let now = UnixTime(seconds: 1_800_000_000)

    func record(_ key: String, limits: RateLimits = RateLimits(), routes: Set<String>? = nil) -> KeyRecord {
        KeyRecord(
            name: key, digest: KeyDigest(of: key), routes: routes, limits: limits,
            created: UnixTime(seconds: 1_700_000_000))
    }

    func principal(_ ring: KeyRing, _ key: String?) -> Principal? {
        guard case .granted(let principal) = ring.authenticate(key, now: now) else { return nil }
        return principal
    }

    @Test func aKnownKeyIsGrantedFromATextAndFromABuffer() {
        let ring = KeyRing([record("hf_a"), record("hf_b")], now: start)
        #expect(principal(ring, "hf_b")?.record.name == "hf_b")
        let fromBuffer = Array("hf_a".utf8).withUnsafeBytes { ring.authenticate($0, now: now) }
        guard case .granted(let principal) = fromBuffer else { return #expect(Bool(false)) }
        #expect(principal.record.name == "hf_a")
        #expect(principal.id.hasPrefix("k_") && principal.id.count == 10)
    }

    @Test(arguments: ["hf_c", "HF_A", "hf_a ", "anonymous", "\u{0}", String(repeating: "hf_a", count: 100_000)])
    func anUnknownKeyIsUnknown(key: String) {
        let ring = KeyRing([record("hf_a")], now: start)
        guard case .unknown = ring.authenticate(key, now: now) else { return #expect(Bool(false)) }
    }

    @Test(arguments: [nil, ""])
    func noKeyIsMissingRatherThanWrong(key: String?) {
        let ring = KeyRing([record("hf_a")], now: start)
        guard case .missing = ring.authenticate(key, now: now) else { return #expect(Bool(false)) }
    }

    @Test func aRingWithoutKeysInItLetsNobodyIn() {
        let ring = KeyRing([], now: start)
        #expect(principal(ring, nil) == nil)
        #expect(principal(ring, "") == nil)
        #expect(!ring.isOpen)
    }

    @Test func aRevokedKeyIsRevokedEvenIfItHasExpiredToo() {
        var revoked = record("hf_a")
        revoked.revoked = now
        revoked.expires = now
        let ring = KeyRing([revoked], now: start)
        guard case .revoked = ring.authenticate("hf_a", now: now) else { return #expect(Bool(false)) }
    }

    @Test func aKeyExpiresToTheSecond() {
        var short = record("hf_a")
        short.expires = now
        let ring = KeyRing([short], now: start)
        guard case .granted = ring.authenticate("hf_a", now: UnixTime(seconds: now.seconds - 1)) else {
            return #expect(Bool(false))
        }
        guard case .expired(let time) = ring.authenticate("hf_a", now: now) else { return #expect(Bool(false)) }
        #expect(time == now)
    }

    @Test func anEditOfTheFileDoesNotRefillLimits() {
        let limits = RateLimits(requestsPerMinute: 2)
        let ring = KeyRing([record("hf_a", limits: limits)], now: start)
        let before = principal(ring, "hf_a")
        #expect(before?.admit(now: start) == .allowed)
        ring.replace(with: [record("hf_b"), record("hf_a", limits: limits, routes: ["x"])], now: start)
        let after = principal(ring, "hf_a")
        #expect(after?.mayUse(route: "y") == false)
        #expect(after?.admit(now: start) == .allowed)
        #expect(after?.admit(now: start) == .limited(.requests, retryAfter: .seconds(30)))
        // A request under way charges the same limits.
        #expect(before?.admit(now: start) == .limited(.requests, retryAfter: .seconds(30)))
    }

    @Test func newLimitsCountFromTheEditOn() {
        let ring = KeyRing([record("hf_a")], now: start)
        #expect(principal(ring, "hf_a")?.limiter == nil)
        ring.replace(with: [record("hf_a", limits: RateLimits(requestsPerMinute: 1))], now: start)
        #expect(principal(ring, "hf_a")?.admit(now: start) == .allowed)
        #expect(principal(ring, "hf_a")?.admit(now: start) != .allowed)
        ring.replace(with: [record("hf_a")], now: start)
        #expect(principal(ring, "hf_a")?.admit(now: start) == .allowed)
    }

    @Test func aRemovedKeyIsUnknown() {
        let ring = KeyRing([record("hf_a")], now: start)
        ring.replace(with: [], now: start)
        guard case .unknown = ring.authenticate("hf_a", now: now) else { return #expect(Bool(false)) }
    }

    @Test("whoever holds a principal sees that its key is gone or revoked", arguments: [false, true])
    func endedKeysAreMarked(_ isRevoked: Bool) throws {
        let ring = KeyRing([record("hf_a"), record("hf_b")], now: start)
        let first = try #require(principal(ring, "hf_a"))
        let other = try #require(principal(ring, "hf_b"))
        // An edit ends nothing, and requests that began before it are not forgotten.
        #expect(ring.replace(with: [record("hf_a", routes: ["x"]), record("hf_b")], now: start) == 0)
        let second = try #require(principal(ring, "hf_a"))
        #expect(!first.isRevoked && !second.isRevoked && first !== second)
        var ended = record("hf_a")
        ended.revoked = now
        #expect(ring.replace(with: (isRevoked ? [ended] : []) + [record("hf_b")], now: start) == 1)
        #expect(first.isRevoked && second.isRevoked && !other.isRevoked)
        // A second look finds nothing new, and a key that is back begins anew.
        #expect(ring.replace(with: (isRevoked ? [ended] : []) + [record("hf_b")], now: start) == 0)
        ring.replace(with: [record("hf_a"), record("hf_b")], now: start)
        #expect(principal(ring, "hf_a")?.isRevoked == false && first.isRevoked)
    }

    @Test(arguments: [nil, "", "hf_whatever"])
    func withoutKeysEverybodyMayUseEveryRouteAndNobodyIsAdmin(key: String?) {
        let ring = KeyRing.withoutKeys()
        let anybody = principal(ring, key)
        #expect(anybody?.isAdmin == false)
        #expect(anybody?.mayNameProviders == true)
        #expect(anybody?.mayUse(route: "any") == true)
        #expect(anybody?.admit(now: start) == .allowed)
        ring.replace(with: [], now: start)
        #expect(principal(ring, key) == nil)
    }

    @Test func aKeyScopedToRoutesCannotGoRoundThem() {
        let ring = KeyRing([record("hf_a", routes: ["assistant"])], now: start)
        let scoped = principal(ring, "hf_a")
        #expect(scoped?.mayUse(route: "assistant") == true)
        #expect(scoped?.mayUse(route: "other") == false)
        #expect(scoped?.mayNameProviders == false)
    }

    @Test func lookupsWhileTheTableIsSwappedSeeOneTableOrTheOther() async {
        let ring = KeyRing([record("hf_a")], now: start)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<5000 {
                        let key = principal(ring, "hf_a")
                        #expect(key?.record.name == "hf_a")
                    }
                }
            }
            group.addTask {
                for count in 0..<500 {
                    ring.replace(with: (0..<count % 10).map { record("hf_\($0)") } + [record("hf_a")], now: start)
                }
            }
        }
    }
}
