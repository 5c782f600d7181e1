/// The keeper of suspensions, as standards order them and ask for their end.
package protocol StandardOrders: Sendable {
    /// Records a suspension and brings it into force; returns once it counts.
    ///
    /// Its number and its roster are 0: the keeper gives it the next number and
    /// the version of the roster in force. The same nonce twice is one order.
    func order(_ suspension: Suspension) async
    /// Begins the gate of a suspension that may return by itself.
    func returnByItself(_ number: Int) async
    /// The suspensions that are not over, whoever ordered them.
    var suspended: SuspensionIndex { get }
    /// The greatest number that was ever given to a suspension; 0 where there was
    /// none.
    var newest: Int { get }
    /// The times at which suspensions of standards have returned by themselves
    /// within the last day, in seconds since 1970; also those of earlier
    /// processes.
    func returns() async -> [(place: StandardPlace, time: Int)]
}
