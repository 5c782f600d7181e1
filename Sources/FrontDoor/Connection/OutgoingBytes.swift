import Gateway
import NIOCore

/// The bytes that one caller was sent and hasn't taken yet.
///
/// Costs nothing while the caller reads fast enough: only bytes beyond the
/// channel's high-water mark, and large answers, are counted in the budget.
// Touched on its connection's event loop only.
final class OutgoingBytes: @unchecked Sendable {
    private let outlet: SocketOutlet
    private let budget: UnreadAnswers
    private var account: UnreadAnswers.Account?
    /// All bytes that were ever written.
    private var written = 0
    /// The bytes that had been taken at the last check.
    private var takenBefore = 0
    /// More waits than the channel wants to hold.
    private(set) var isCrowded = false
    private let giveUp: @Sendable () -> Void
    /// To be told once all that is written now is handed to the kernel, or
    /// never will be.
    private var awaiting: [(_ waited: Bool) -> Void] = []

    /// - Parameter giveUp: closes the connection; called on any thread.
    init(_ outlet: SocketOutlet, _ budget: UnreadAnswers, giveUp: @escaping @Sendable () -> Void) {
        self.outlet = outlet
        self.budget = budget
        self.giveUp = giveUp
    }

    /// Tells whether the connection counts in the budget.
    var isCounted: Bool { account != nil }

    /// Takes bytes that go out with the next flush.
    func write(_ bytes: ByteBuffer) {
        written &+= bytes.readableBytes
        outlet.write(bytes)
    }

    /// Sends what was written, as far as the caller takes it.
    /// - Returns: True where somebody waits for bytes that the kernel hasn't
    ///   taken.
    func flush() -> Bool {
        outlet.flush()
        flushed()
        return tellHandedOver()
    }

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

    /// To be told after each flush of the channel.
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

    // MARK: The way to the kernel

    /// Returns how many bytes have been written.
    var writtenBytes: Int { written }

    /// True where bytes wait for the caller to read.
    var isWaiting: Bool { waiting > 0 }

    /// Returns whether the kernel has taken the first so many bytes of all that
    /// were ever written.
    func hasHandedOver(_ count: Int) -> Bool { written - waiting >= count }

    func await(_ done: @escaping (_ waited: Bool) -> Void) { awaiting.append(done) }

    private func tellHandedOver() -> Bool {
        if awaiting.isEmpty { return false }
        guard waiting == 0 else { return true }
        tellAll()
        return false
    }

    /// All that was written is with the kernel, or never will be.
    func tellAll() {
        let all = awaiting
        awaiting.removeAll(keepingCapacity: true)
        for done in all { done(true) }
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
    private var waiting: Int { outlet.waiting }
}
