import Glibc

extension UnsafeRawBufferPointer {
    /// Where a word stands first; nil where it doesn't.
    package func place(of word: StaticString) -> Int? {
        var start = 0
        while let place = next(word.utf8Start[0], from: start) {
            if holds(word, at: place) { return place }
            start = place + 1
        }
        return nil
    }

    /// Where a byte stands next, from a place on; nil where it doesn't.
    package func next(_ byte: UInt8, from start: Int) -> Int? {
        guard let base = baseAddress, start < count, let found = memchr(base + start, Int32(byte), count - start) else {
            return nil
        }
        return UnsafeRawPointer(found) - base
    }

    /// Whether a word stands there; also for places outside.
    package func holds(_ word: StaticString, at place: Int) -> Bool {
        place >= 0 && place + word.utf8CodeUnitCount <= count
            && memcmp(baseAddress! + place, word.utf8Start, word.utf8CodeUnitCount) == 0
    }
}
