import NIOCore

// What time ends. One timer a connection, that looks at a deadline: moving
// the deadline costs nothing.
extension CallerConnection {
    func schedule() {
        guard let context else { return }
        // Whoever takes little is measured.
        let tick = outgoing?.isCounted == true ? min(limits.tick, .seconds(1)) : limits.tick
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: tick) { self.checkTime() }
    }

    private func checkTime() {
        let now = NIODeadline.now()
        if let outgoing, outgoing.isCrowded, outgoing.looksTaken() {
            // However slowly, the caller reads.
            deadline = max(deadline, now + limits.writeTimeout)
        }
        guard context != nil else { return }
        guard now >= deadline else { return schedule() }
        if case .collecting(let collecting) = state {
            if incoming.sinceLook >= limits.fewestBodyBytes {
                incoming.sinceLook = 0
                deadline = now + limits.requestTimeout
                return schedule()
            }
            let answer = collecting.request.refusal(.tooSlow)
            sendWhole(answer.head, answer.body, close: true)
            // The caller gets to read it, if it reads.
            closeWhenSent()
            deadline = now + limits.swallowTimeout
            return schedule()
        }
        close()
    }
}
