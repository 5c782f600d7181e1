/// The times of the steps in which weights are loaded.
package struct LoadTimes: Sendable, Hashable {
    /// Opening, copying into memory and hashing on the way; decrypting, where
    /// it is needed.
    package var copying = Duration.zero
    package var sealing = Duration.zero
    /// The hash that counts, of what is sealed.
    package var hashing = Duration.zero
    /// The strict reading of the form.
    package var checking = Duration.zero

    package var total: Duration { copying + sealing + hashing + checking }
}
