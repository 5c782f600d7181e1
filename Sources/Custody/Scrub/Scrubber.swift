/// Reads an engine's weights in memory over and over, as slowly as asked:
/// the very pages that it computes with, where it has mapped them.
package struct Scrubber {
    /// The file that was found changed.
    package struct Mismatch: Error, Sendable, Hashable {
        package var file: String
        package var expected: ContentDigest
        package var found: ContentDigest

        package init(file: String, expected: ContentDigest, found: ContentDigest) {
            (self.file, self.expected, self.found) = (file, expected, found)
        }
    }

    private let files: [SealedWeights.SealedFile]
    private var index = 0
    private var pass: HashingPass
    /// Readings of all files that came to their end.
    package private(set) var rounds = 0

    package init(_ weights: borrowing SealedWeights) {
        files = weights.files
        pass = HashingPass(weights.files[0].memory)
    }

    /// Reads the next piece.
    ///
    /// - Throws: at the end of a file that isn't what it was.
    package mutating func step() throws(Mismatch) {
        let file = files[index]
        do throws(CustodyProblem) {
            if !pass.isOver { try pass.step() }
        } catch {
            // It can't even be read: somebody has cut it.
            throw Mismatch(file: file.name, expected: file.sha256, found: pass.digest)
        }
        guard pass.isOver else { return }
        let found = pass.digest
        guard found == file.sha256 else { throw Mismatch(file: file.name, expected: file.sha256, found: found) }
        index = (index + 1) % files.count
        if index == 0 { rounds += 1 }
        pass = HashingPass(files[index].memory)
    }

    /// Returns the time to rest after a piece that took the time `work`, so that no more than that share of a core is
    /// used.
    package static func rest(after work: Duration, share: Double) -> Duration {
        work * ((1 - share) / share)
    }
}
