/// A file of a tiled log (C2SP tlog-tiles): up to 256 hashes of a level, or
/// the entries beneath the hashes of level 0.
package struct Tile: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// The hashes of one level, 0 to 7; level `l` holds the hashes of subtrees of 256^l entries.
        case hashes(level: Int)
        case entries
    }

    package var kind: Kind
    package var index: UInt64
    /// Below ``fullWidth`` it is a partial one.
    package var width: Int

    package static let fullWidth = 256
    static let levels = 8

    package init(_ kind: Kind, index: UInt64, width: Int = Tile.fullWidth) {
        self.kind = kind
        self.index = index
        self.width = width
    }

    package var isFull: Bool { width == Self.fullWidth }

    /// The one with all its hashes.
    package var full: Tile { Tile(kind, index: index) }

    /// Below the log's prefix, e.g. `tile/0/x001/x234/067.p/8`.
    package var path: String { isFull ? stem : "\(partials)/\(width)" }

    /// The folder of its partial ones.
    package var partials: String { "\(stem).p" }

    private var stem: String {
        let folder =
            switch kind {
            case .hashes(let level): String(level)
            case .entries: "entries"
            }
        var digits: [String] = []
        var rest = index
        repeat {
            let part = String(rest % 1000)
            digits.append(String(repeating: "0", count: 3 - part.count) + part)
            rest /= 1000
        } while rest > 0
        let parts = digits.reversed().enumerated().map { $0 < digits.count - 1 ? "x\($1)" : $1 }
        return "tile/\(folder)/\(parts.joined(separator: "/"))"
    }

    /// The tile at that path; nil where none is written so.
    package init?(path: String) {
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 3, parts[0] == "tile" else { return nil }
        var width = Self.fullWidth
        if parts.count >= 4, parts[parts.count - 2].hasSuffix(".p") {
            guard let number = Int(parts.removeLast()) else { return nil }
            width = number
            parts[parts.count - 1].removeLast(2)
        }
        let kind: Kind
        if parts[1] == "entries" {
            kind = .entries
        } else {
            guard let level = Int(parts[1]), (0..<Self.levels).contains(level) else { return nil }
            kind = .hashes(level: level)
        }
        var index: UInt64 = 0
        for part in parts[2...] {
            guard let number = UInt64(part.drop { $0 == "x" }), number < 1000, index < UInt64.max / 1000 else {
                return nil
            }
            index = index * 1000 + number
        }
        self.init(kind, index: index, width: width)
        // Spelt in the one way.
        guard (1...Self.fullWidth).contains(width), self.path == path else { return nil }
    }

    /// The end of the range of entries that the tile covers if it is full, regardless of its present width.
    package var end: UInt64 {
        let shift: Int =
            switch kind {
            case .hashes(let level): 8 * (level + 1)
            case .entries: 8
            }
        return shift >= 64 ? .max : (index + 1) << UInt64(shift)
    }

    /// All that a checkpoint of `size` entries needs, in the order in which
    /// one reads: bundles and their hashes by index, then the levels above.
    package static func all(size: UInt64) -> [Tile] {
        var tiles: [Tile] = []
        var count = size
        var level = 0
        while count > 0 {
            let widths =
                (0..<count / 256).map { (UInt64($0), fullWidth) }
                + (count % 256 > 0 ? [(count / 256, Int(count % 256))] : [])
            for (index, width) in widths {
                if level == 0 { tiles.append(Tile(.entries, index: index, width: width)) }
                tiles.append(Tile(.hashes(level: level), index: index, width: width))
            }
            count /= 256
            level += 1
        }
        return tiles
    }
}
