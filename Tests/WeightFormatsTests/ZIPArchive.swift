/// Archives to be hidden.
enum ZIPArchive {
    /// One empty file, `a`, stored.
    static let small: [UInt8] = archive()

    static func archive(comment: Int = 0) -> [UInt8] {
        let little = { (number: Int, bytes: Int) in (0..<bytes).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
        let fields = [UInt8](repeating: 0, count: 20)
        let local = Array("PK".utf8) + [3, 4, 20, 0] + fields.prefix(20) + little(1, 2) + little(0, 2) + [0x61]
        let central =
            Array("PK".utf8) + [1, 2, 20, 0, 20, 0] + fields.prefix(20) + little(1, 2) + fields.prefix(16) + [0x61]
        let end =
            Array("PK".utf8) + [5, 6, 0, 0, 0, 0, 1, 0, 1, 0] + little(central.count, 4) + little(local.count, 4)
            + little(comment, 2)
        return local + central + end + [UInt8](repeating: 0x20, count: comment)
    }
}
