/// `GET /admin/suspensions/:id`: one suspension, with what people have signed.
package struct SuspensionDetailView: Codable, Sendable, Hashable {
    /// A statement that was taken.
    package struct Statement: Codable, Sendable, Hashable {
        /// SHA-256 of its file, in hexadecimal digits.
        package var file: String
        /// `order`, `ratify`, `restore` or `shorten`.
        package var decision: String
        package var signers: [String]
        /// Seconds since 1970, when the server took it.
        package var taken: Int
        /// The DSSE envelope, as it was read.
        package var envelope: String

        package init(file: String, decision: String, signers: [String], taken: Int, envelope: String) {
            self.file = file
            self.decision = decision
            self.signers = signers
            self.taken = taken
            self.envelope = envelope
        }
    }

    package var suspension: SuspensionView
    /// The canonical record: the bytes whose SHA-256 people sign.
    package var record: String
    /// The attempt to bring it back that an approval has to name.
    package var attempt: Int
    /// The time until which a second person may ratify it, in seconds since
    /// 1970; nil where none has to.
    package var ratifyUntil: Int?
    /// In the order in which they were taken.
    package var statements: [Statement]

    package init(
        suspension: SuspensionView, record: String, attempt: Int, ratifyUntil: Int?, statements: [Statement]
    ) {
        self.suspension = suspension
        self.record = record
        self.attempt = attempt
        self.ratifyUntil = ratifyUntil
        self.statements = statements
    }
}
