import Files
package import Gateway
package import Veto

/// The clocks of the veto, and the machine's start to which its ticks belong.
package struct VetoClock: Sendable {
    private let clocks: PermitClock
    /// `/proc/sys/kernel/random/boot_id` (random(4)): another one after each
    /// start of the machine; `unknown` where it can't be read, which is then
    /// taken for a start of its own.
    package let boot: String

    package init(_ clocks: PermitClock, boot: String) {
        self.clocks = clocks
        self.boot = boot
    }

    package var now: VetoTime { VetoTime(wall: clocks.wall(), boot: clocks.boot()) }

    /// The machine's.
    package static var system: VetoClock {
        let bytes = (try? WholeFile.readAll("/proc/sys/kernel/random/boot_id", limit: 64, within: nil)) ?? []
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        return VetoClock(.system, boot: text.isEmpty ? "unknown" : text)
    }
}
