/// How a log gets its newest checkpoint cosigned: one checkpoint at a time,
/// by all witnesses that are missing and don't rest; then the next one, which
/// is whatever is newest by then.
///
/// All are asked about the same checkpoint, since a quorum is one of
/// signatures on one text. Pure: somebody else asks, and has the clock.
package struct WitnessRounds: Sendable {
    package enum Change: Sendable, Hashable {
        /// The newest checkpoint lacks its quorum for longer than is usual.
        case lost
        case recovered
    }

    /// How long a checkpoint may lack its quorum before anybody is told.
    package static let patience = Duration.seconds(5)

    package let policy: LedgerPolicy
    package private(set) var contacts: [WitnessContact]
    /// With the cosignatures that there are.
    package private(set) var note: SignedNote?
    private var size: UInt64 = 0
    /// Who has signed it.
    private var signers: Set<VerifierKey> = []
    private var began = Duration.zero
    /// Of the newest checkpoint that is known here.
    private var newestSize: UInt64 = 0
    /// Of the newest one with its quorum.
    package private(set) var witnessedSize: UInt64 = 0
    /// Since when a newer one lacks it.
    private var behindSince: Duration?
    private var isLost = false

    /// - Parameters:
    ///   - policy: whose quorum is wanted.
    ///   - witnesses: who is asked.
    package init(_ policy: LedgerPolicy, witnesses: [VerifierKey]) {
        self.policy = policy
        contacts = witnesses.map { WitnessContact($0) }
    }

    /// Begins a round, or goes on with the last one where nothing is newer.
    /// - Returns: who is to be asked, by their places in ``contacts``.
    package mutating func begin(_ published: SignedNote, _ checkpoint: Checkpoint, now: Duration) -> [Int] {
        guard checkpoint.size > 0 else { return [] }
        noticed(checkpoint.size, now: now)
        if note?.text != published.text {
            (note, size, began) = (published, checkpoint.size, now)
            // What was cosigned before the start.
            let keys = contacts.map(\.key) + policy.witnesses.map(\.key)
            signers = Set((try? published.signers(among: keys)) ?? [])
            for index in contacts.indices where signers.contains(contacts[index].key) {
                contacts[index].hasCosigned(size)
            }
            settle()
        }
        return contacts.indices.filter { !signers.contains(contacts[$0].key) && contacts[$0].isReady(now: now) }
    }

    /// Takes the answer to the present round's request in.
    package mutating func heard(
        from contact: Int, status: Int, contentType: String?, body: [UInt8], now: Duration
    ) -> WitnessContact.Outcome {
        let outcome = contacts[contact].heard(
            status: status, contentType: contentType, body: body, of: note!, size: size, now: now)
        if case .cosigned(let signature) = outcome {
            note!.add([signature])
            signers.insert(contacts[contact].key)
            settle()
        }
        return outcome
    }

    package mutating func failed(
        _ contact: Int, _ trouble: WitnessContact.Trouble, now: Duration
    ) -> WitnessContact.Outcome { contacts[contact].failed(trouble, now: now) }

    /// Whether the present checkpoint has its quorum.
    package var isWitnessed: Bool { note != nil && policy.isSatisfied(by: signers) }

    private mutating func settle() {
        guard isWitnessed else { return }
        witnessedSize = max(witnessedSize, size)
        // Whatever is newer was published after this round began.
        behindSince = newestSize > witnessedSize ? max(behindSince ?? began, began) : nil
    }

    // MARK: How far behind

    /// A checkpoint of that size was published.
    package mutating func noticed(_ size: UInt64, now: Duration) {
        guard size > newestSize else { return }
        newestSize = size
        if behindSince == nil, size > witnessedSize { behindSince = now }
    }

    /// For how long the newest checkpoint, or one before it, has lacked its
    /// quorum.
    package func lag(now: Duration) -> Duration { behindSince.map { now - $0 } ?? .zero }

    /// What is to be told; once each.
    package mutating func change(now: Duration) -> Change? {
        let isBehind = lag(now: now) > Self.patience
        guard isBehind != isLost else { return nil }
        isLost = isBehind
        return isBehind ? .lost : .recovered
    }
}
