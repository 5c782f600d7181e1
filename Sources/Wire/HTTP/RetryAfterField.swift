/// The value of `Retry-After` (RFC 9110 §10.2.3), which servers write as whole
/// seconds, as a fraction of them, or as a date.
package enum RetryAfterField {
    /// Returns the wait in whole seconds, rounded up; a text that is no wait
    /// stays as it is.
    /// - Parameter now: Seconds since 1970.
    package static func wholeSeconds(_ text: String, now: Int) -> String {
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return text }
        if let seconds = Double(text), seconds >= 0, seconds < 1e9 { return String(Int(seconds.rounded(.up))) }
        guard let date = HTTPDate.seconds(text) else { return text }
        return String(max(0, date - now))
    }
}
