import NIOCore

/// The bytes that one caller was sent and hasn't taken yet.
///
/// Costs nothing while the caller reads fast enough: only bytes beyond the
/// channel's high-water mark, and large answers, are counted in the budget.
// Touched on its connection's event loop only.
final class OutgoingBytes: @unchecked Sendable {
    private let channel: any Channel
    private let budget: UnreadAnswers
    private var account: UnreadAnswers.Account?
    /// All bytes that were ever written.
    private var written = 0
    /// The bytes that had been taken at the last check.
    private var takenBefore = 0
    /// More waits than the channel wants to hold.
    private(set) var isCrowded = false
    private let giveUp: @Sendable () -> Void

    /// - Parameter giveUp: closes the connection; called on any thread.
    init(_ channel: any Channel, _ budget: UnreadAnswers, giveUp: @escaping @Sendable () -> Void) {
        self.channel = channel
        self.budget = budget
        self.giveUp = giveUp
    }

    /// Tells whether the connection counts in the budget.
    var isCounted: Bool { account != nil }

    func wrote(_ count: Int) { written &+= count }

    /// Room for `more` bytes of an answer that hasn't begun.
    func makeRoom(for more: Int) -> Bool {
        let account = self.account ?? UnreadAnswers.Account(budget, giveUp: giveUp)
        guard account.take(more, taken: written - waiting) else {
            if self.account == nil { account.release() }
            return false
        }
        self.account = account
        return true
    }

    /// To be told of each change of the channel's writability.
    func changed(isWritable: Bool) {
        isCrowded = !isWritable
        if isWritable { release() }
    }

    /// To be told after each flush.
    func flushed() { if isCrowded { count() } }

    /// The request is over: what room it had and didn't use is free again.
    func conclude() {
        if account == nil { return }
        if isCrowded { count() } else { release() }
    }

    /// Tells whether the caller has taken anything since this was called last.
    func looksTaken() -> Bool {
        let taken = written - waiting
        defer { takenBefore = taken }
        if account != nil { count() }
        return taken > takenBefore
    }

    func release() {
        account?.release()
        account = nil
    }

    private func count() {
        let account = self.account ?? UnreadAnswers.Account(budget, giveUp: giveUp)
        self.account = account
        let waiting = waiting
        account.note(waiting, taken: written - waiting)
    }

    /// Bytes that the socket hasn't taken.
    private var waiting: Int { (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }
}
