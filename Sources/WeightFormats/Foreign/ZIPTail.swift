/// A check whether a program that reads ZIP archives from their end would take the file for one.
///
/// No bytes can follow the last tensor. But the tensor's data can itself be an archive, and then every program that
/// searches for ZIP's end record, PyTorch included, takes the whole file for an archive. So the last 64 KiB of the file
/// are searched for the record. This is the only part of the tensors' data that is read.
enum ZIPTail {
    private static let recordLength = 22
    /// A comment of 65,535 bytes may stand behind the record.
    private static let reach = 65_535 + recordLength

    static func refuse(_ bytes: any WeightBytes) throws(FormatProblem) {
        let count = Int(min(bytes.size, UInt64(reach)))
        guard count >= recordLength else { return }
        let start = bytes.size - UInt64(count)
        let tail = try bytes.whole(at: start, count: count)
        for place in 0...(count - recordLength) where tail[place] == 0x50 && isSignature(tail[place...], 5, 6) {
            // A signature alone can be chance; an archive's directory has one, too.
            let record = start + UInt64(place)
            guard try isArchive(bytes, record: record, tail[place..<place + recordLength]) else { continue }
            throw FormatProblem(
                .foreign(.zip), at: record, "the file is a ZIP archive to whoever reads it from the end",
                remedy: "don't use it: nobody makes such weights by accident")
        }
    }

    private static func isArchive(
        _ bytes: any WeightBytes, record: UInt64, _ fields: ArraySlice<UInt8>
    ) throws(FormatProblem) -> Bool {
        func field(_ at: Int) -> UInt64 {
            (0..<4).reduce(0) { $0 | UInt64(fields[fields.startIndex + at + $1]) << UInt64(8 * $1) }
        }
        let directorySize = field(12)
        if directorySize == 0 { return true }
        // Programs find the directory by its size or by its offset; and where
        // both are too large for the record, through ZIP64's locator.
        var places: [UInt64] = [field(16)]
        if directorySize <= record { places.append(record - directorySize) }
        for place in places where place + 4 <= record {
            if isSignature(try bytes.whole(at: place, count: 4)[...], 1, 2) { return true }
        }
        guard record >= 20 else { return false }
        return isSignature(try bytes.whole(at: record - 20, count: 4)[...], 6, 7)
    }

    private static func isSignature(_ bytes: ArraySlice<UInt8>, _ third: UInt8, _ fourth: UInt8) -> Bool {
        bytes.starts(with: [0x50, 0x4B, third, fourth])
    }
}
