import Crypto
import Encodings
import Ledger

/// A custody receipt as `holdfast weights receipt --json` prints it.
///
/// Its id is made of all else that it says, and the ledger's `weights.loaded`
/// entry has the id: so one entry vouches for every word of the receipt.
struct CustodyReceiptFile {
    let id: String

    /// - Throws: ``AuditFailure`` if the text is not a receipt, or its id belongs to another one.
    init(_ bytes: [UInt8], path: String) throws(AuditFailure) {
        let compact = Self.withoutWhiteSpace(bytes)
        let text = String(decoding: compact, as: UTF8.self)
        let mark = "\"id\":\"custody_"
        guard text.hasPrefix("{\"v\":1,\(mark)") else {
            throw .couldNotLook(
                "\(path) is neither a custody receipt, as `holdfast weights receipt --json` prints it, nor a .tlog-proof"
            )
        }
        guard Self.isWhole(compact) else {
            throw .couldNotLook("\(path) is not a whole receipt: its last closing brace is missing, or text follows it")
        }
        let id = text.dropFirst("{\"v\":1,\"id\":\"".count).prefix { $0 != "\"" }
        let rest = text[id.endIndex...].dropFirst(2)
        let digest = Hex.encode(SHA256.hash(data: Array(("{\"v\":1," + rest).utf8)))
        guard id == "custody_" + digest.prefix(32) else {
            throw .doesNotHold("the receipt \(path) says other things than those that its id \(id) was made of")
        }
        self.id = String(id)
    }

    /// Returns whether an entry records that an engine began to serve with this receipt.
    ///
    /// Entries begin with `v`, `kind` and `at`, in that order, and a quotation mark inside a text is escaped, so these
    /// bytes can have no other meaning.
    func isIn(_ entry: [UInt8]) -> Bool {
        let text = String(decoding: entry, as: UTF8.self)
        return text.hasPrefix("{\"v\":2,\"kind\":\"\(EntryKind.weightsLoaded.rawValue)\",")
            && text.contains("\"receipt\":\"\(id)\"")
    }

    /// Returns whether the object that the text begins with ends where the text does.
    private static func isWhole(_ compact: [UInt8]) -> Bool {
        var depth = 0
        var isText = false
        var isEscaped = false
        for (place, byte) in compact.enumerated() {
            if byte == UInt8(ascii: "\""), !isEscaped { isText.toggle() }
            isEscaped = isText && byte == UInt8(ascii: "\\") && !isEscaped
            guard !isText else { continue }
            if byte == UInt8(ascii: "{") { depth += 1 }
            if byte == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 { return place == compact.count - 1 }
        }
        return false
    }

    /// Returns JSON in the form that Holdfast writes, even if another program has changed its layout.
    private static func withoutWhiteSpace(_ bytes: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        var isText = false
        var isEscaped = false
        for byte in bytes {
            if !isText, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { continue }
            if byte == UInt8(ascii: "\""), !isEscaped { isText.toggle() }
            isEscaped = isText && byte == UInt8(ascii: "\\") && !isEscaped
            kept.append(byte)
        }
        return kept
    }
}
