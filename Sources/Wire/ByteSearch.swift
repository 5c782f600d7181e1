import Glibc

extension UnsafeRawBufferPointer {
    /// Returns the first position of a word; nil where it doesn't occur.
    package func place(of word: StaticString) -> Int? {
        var start = 0
        while let place = next(word.utf8Start[0], from: start) {
            if holds(word, at: place) { return place }
            start = place + 1
        }
        return nil
    }

    /// Returns the next position of a byte, from `start` on; nil where there is
    /// none.
    package func next(_ byte: UInt8, from start: Int) -> Int? {
        guard let base = baseAddress, start < count, let found = memchr(base + start, Int32(byte), count - start) else {
            return nil
        }
        return UnsafeRawPointer(found) - base
    }

    /// Returns whether a word is at that position; positions outside are
    /// allowed.
    package func holds(_ word: StaticString, at place: Int) -> Bool {
        place >= 0 && place + word.utf8CodeUnitCount <= count
            && memcmp(baseAddress! + place, word.utf8Start, word.utf8CodeUnitCount) == 0
    }
}
