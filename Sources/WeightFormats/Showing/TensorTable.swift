import Encodings

/// A file's tensors in few lines: those that differ by a layer's or an
/// expert's number only become one, `blk.{0…29}.attn_q.weight`.
struct TensorTable {
    private struct Likeness: Hashable {
        /// The name's parts; nil is a number.
        var name: [String?]
        var type: String
        var shape: [UInt64]
    }

    private struct Row {
        var likeness: Likeness
        /// At each of the name's numbers, those that there are.
        var numbers: [Set<UInt64>]
        var count: UInt64 = 0
        var size: UInt64 = 0
    }

    /// The most rows that are shown. No ordinary model needs more, so a longer table is cut off.
    private static let mostRows = 200

    private var rows: [Row] = []

    init(_ tensors: [WeightTensor]) {
        var places: [Likeness: Int] = [:]
        for tensor in tensors {
            let (name, numbers) = Self.parts(tensor.name)
            let likeness = Likeness(name: name, type: tensor.type, shape: tensor.shape)
            let place = places[likeness] ?? rows.count
            if place == rows.count {
                places[likeness] = place
                rows.append(Row(likeness: likeness, numbers: numbers.map { [$0] }))
            } else {
                for (index, number) in numbers.enumerated() { rows[place].numbers[index].insert(number) }
            }
            rows[place].count += 1
            rows[place].size += tensor.size
        }
    }

    private static func parts(_ name: String) -> (name: [String?], numbers: [UInt64]) {
        var numbers: [UInt64] = []
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map { part -> String? in
            guard let number = UInt64(part), String(number) == part else { return String(part) }
            numbers.append(number)
            return nil
        }
        return (parts, numbers)
    }

    func text(indent: Int) -> String {
        let cells = rows.prefix(Self.mostRows).map { row in
            var numbers = row.numbers[...]
            let name = row.likeness.name.map { $0 ?? Self.spans(numbers.removeFirst()) }.joined(separator: ".")
            return [
                Printable.text(name, most: 80), row.likeness.type, Amount.shape(row.likeness.shape),
                Amount.grouped(row.count), Amount.bytes(row.size),
            ]
        }
        let text = Table(
            rows: [["NAME", "TYPE", "SHAPE", "TENSORS", "SIZE"]] + cells, indent: indent, rightAligned: [3, 4]
        ).text
        let left = rows.count - cells.count
        guard left > 0 else { return text }
        return text + "\n" + String(repeating: " ", count: indent) + "… and \(Amount.grouped(UInt64(left))) more kinds"
    }

    /// `{0…29}`, `{0…3,7}`; one number as itself.
    private static func spans(_ numbers: Set<UInt64>) -> String {
        guard numbers.count > 1 else { return numbers.first.map { "\($0)" } ?? "" }
        var spans: [ClosedRange<UInt64>] = []
        for number in numbers.sorted() {
            if let last = spans.last, number - last.upperBound == 1 {
                spans[spans.count - 1] = last.lowerBound...number
            } else {
                spans.append(number...number)
            }
        }
        let texts = spans.map { span in
            switch span.upperBound - span.lowerBound {
            case 0: "\(span.lowerBound)"
            case 1: "\(span.lowerBound),\(span.upperBound)"
            default: "\(span.lowerBound)…\(span.upperBound)"
            }
        }
        return "{\(texts.joined(separator: ","))}"
    }
}
