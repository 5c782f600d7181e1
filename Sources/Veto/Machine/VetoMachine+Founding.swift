extension VetoMachine {
    /// Takes version 1 of the roster, where there were no people before. The
    /// suspensions that standards have ordered until then stay.
    ///
    /// - Parameter founding: the caller has compared its digest with the one on
    ///   record, or puts it on record now.
    package mutating func found(_ founding: Roster) -> [VetoEvent] {
        guard chain == nil else {
            return [.refused(number: nil, reason: .brokenChain("there is a version 1 of the roster already"))]
        }
        do throws(VetoRefusal) {
            state.chain = try RosterChain(founding: founding)
        } catch {
            return [.refused(number: nil, reason: error)]
        }
        state.version &+= 1
        return [.roster(version: founding.version, digest: Roster.hex(founding.digest))]
    }
}
