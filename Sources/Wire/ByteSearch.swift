import Glibc

extension UnsafeRawBufferPointer {
    /// Where a word stands first, from a place on; nil where it doesn't.
    package func place(of word: StaticString, from start: Int = 0) -> Int? {
        guard let base = baseAddress else { return nil }
        let length = word.utf8CodeUnitCount
        var place = start
        while place + length <= count,
            let found = memchr(base + place, Int32(word.utf8Start[0]), count - place - length + 1)
        {
            let here = UnsafeRawPointer(found) - base
            if memcmp(found, word.utf8Start, length) == 0 { return here }
            place = here + 1
        }
        return nil
    }
}
