import Seeded
import Testing
import WeightFormats

/// Tests that a file with any change in its header is described, or refused with a reason; the parser never traps, and
/// can show everything that it accepts.
@Suite struct MutationTests {
    enum Sound: CaseIterable, Sendable {
        case gguf, safetensors

        var bytes: [UInt8] { self == .gguf ? GGUFWriter.model.bytes : SafeTensorsWriter.model.bytes }

        /// The bytes before the tensors' data.
        var header: Int { Int((try? read(bytes).dataOffset) ?? 0) }
    }

    private func judge(_ bytes: [UInt8]) -> Bool {
        do throws(FormatProblem) {
            let file = try read(bytes)
            #expect(!WeightText.render(file).isEmpty && !WeightJSON.render(file).isEmpty)
            return true
        } catch {
            #expect(!error.what.isEmpty && !error.remedy.isEmpty)
            #expect(error.kind != .unreadable)
            return false
        }
    }

    @Test(arguments: Sound.allCases) func mutatedForAWhile(_ file: Sound) async throws {
        try await ByteFuzzing("\(file)", from: [file.bytes]).run(share: 0.2) { _ = judge($0) }
    }

    @Test(arguments: Sound.allCases) func everyFlippedBit(_ file: Sound) {
        let (bytes, header) = (file.bytes, file.header)
        var taken = 0
        for place in 0..<header {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << bit
                if judge(changed) { taken += 1 }
            }
        }
        // Letters of names, numbers that stand for themselves.
        #expect(taken > 0 && taken < header * 8 * 6 / 10, "\(taken) of \(header * 8)")
    }

    @Test(arguments: Sound.allCases) func everyByteAtItsExtremes(_ file: Sound) {
        let bytes = file.bytes
        for place in 0..<file.header {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = bytes
                changed[place] = value
                _ = judge(changed)
            }
        }
    }

    @Test(arguments: Sound.allCases) func everyNumberAtItsExtremes(_ file: Sound) {
        let bytes = file.bytes
        let extremes: [UInt64] = [0, 1, 1 << 31, 1 << 32, 1 << 61, 1 << 63, .max, .max - 7, UInt64(Int64.max)]
        for place in 0..<file.header - 7 {
            for number in extremes {
                var changed = bytes
                changed.replaceSubrange(place..<place + 8, with: GGUFWriter.little(number))
                _ = judge(changed)
            }
        }
    }

    /// Several changes at once: bytes, pieces taken out, doubled and moved.
    @Test(arguments: Sound.allCases) func changesByChance(_ file: Sound) {
        let (bytes, header) = (file.bytes, file.header)
        let seed = UInt64.random(in: 0 ... .max)
        print("weight formats, changes by chance: seed \(seed)")
        var random = SplitMix(seed: seed)
        for _ in 0..<20_000 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...6, using: &random) where !changed.isEmpty {
                let place = Int.random(in: 0..<min(changed.count, header + 64), using: &random)
                let end = min(changed.count, place + Int.random(in: 1...24, using: &random))
                switch Int.random(in: 0..<6, using: &random) {
                case 0: changed.removeSubrange(place..<end)
                case 1: changed.insert(contentsOf: changed[place..<end], at: place)
                case 2:
                    let to = Int.random(in: 0..<min(changed.count, header + 64), using: &random)
                    changed.insert(contentsOf: changed[place..<end], at: to)
                case 3: changed[place] = UInt8.random(in: 0...255, using: &random)
                case 4: changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                default: changed.removeLast(Int.random(in: 0..<min(64, changed.count), using: &random))
                }
            }
            _ = judge(changed)
        }
    }
}
