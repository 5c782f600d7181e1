import Glibc

/// Repeats a system call for as long as signals interrupt it.
///
/// The only place that knows `EINTR`; `Scripts/boundaries.py` keeps it so.
/// The caller reads `errno` right after a result below zero.
package func uninterrupted<Number: SignedInteger & FixedWidthInteger>(_ call: () -> Number) -> Number {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}
