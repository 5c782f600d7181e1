/// The procedure by which a log gets its newest checkpoint cosigned: one checkpoint at a time, by all witnesses whose
/// signature is missing and that are not paused after a failure. The next round takes the checkpoint that is the newest
/// by then.
///
/// All witnesses are asked about the same checkpoint, since a quorum consists of signatures on one text. Pure: the
/// caller sends the requests and supplies the time.
package struct WitnessRounds: Sendable {
    package enum Change: Sendable, Hashable {
        /// The newest checkpoint lacks its quorum for longer than is usual.
        case lost
        case recovered
    }

    /// The time that a checkpoint may lack its quorum before this is reported.
    package static let patience = Duration.seconds(5)

    package let policy: LedgerPolicy
    package private(set) var contacts: [WitnessContact]
    /// The checkpoint of this round, with the cosignatures so far.
    package private(set) var note: SignedNote?
    private var size: UInt64 = 0
    /// The keys of those that have signed the checkpoint.
    private var signers: Set<VerifierKey> = []
    private var began = Duration.zero
    /// The size of the newest checkpoint that is known here.
    private var newestSize: UInt64 = 0
    /// The size of the newest checkpoint that has its quorum.
    package private(set) var witnessedSize: UInt64 = 0
    /// The time since which a newer checkpoint has lacked its quorum.
    private var behindSince: Duration?
    private var isLost = false

    /// - Parameters:
    ///   - policy: the policy that defines the required quorum.
    ///   - witnesses: the witnesses to ask.
    package init(_ policy: LedgerPolicy, witnesses: [VerifierKey]) {
        self.policy = policy
        contacts = witnesses.map { WitnessContact($0) }
    }

    /// Begins a round, or continues the last one if there is no newer checkpoint.
    /// - Returns: the witnesses to ask, as indices in ``contacts``.
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
            endRound()
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
            endRound()
        }
        return outcome
    }

    package mutating func failed(
        _ contact: Int, _ trouble: WitnessContact.Trouble, now: Duration
    ) -> WitnessContact.Outcome { contacts[contact].failed(trouble, now: now) }

    /// True if the present checkpoint has its quorum.
    package var isWitnessed: Bool { note != nil && policy.isSatisfied(by: signers) }

    private mutating func endRound() {
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

    /// Returns the change to report, if there is one; each change is returned once.
    package mutating func change(now: Duration) -> Change? {
        let isBehind = lag(now: now) > Self.patience
        guard isBehind != isLost else { return nil }
        isLost = isBehind
        return isBehind ? .lost : .recovered
    }
}
