/// `signed` of a hosted model: who vouches for its bytes, and on what terms it
/// may be in service. Paths are absolute where the file's folder is.
package struct SignedWeights: Sendable, Hashable {
    /// `folder`: all that was signed together; nil is the model's file alone.
    package var folder: String?
    /// `signature`: an OpenSSF Model Signing bundle; by default beside what was
    /// signed, with `.sig` behind its name.
    package var signature: String
    /// `keys`: PEM files with the public keys of those who may sign the model.
    package var keys: [String]
    /// `roots`: PEM files of root certificates, in place of `keys`.
    package var roots: [String]
    /// `custody` and `custodians`; nil where no statement is asked for.
    package var terms: Terms?

    package struct Terms: Sendable, Hashable {
        /// `custody`: the statement.
        package var statement: String
        /// `custodians`: PEM files with the public keys of the custodians, who may sign the statement.
        package var custodians: [String]
        /// `threshold`: the number of them that must sign; 2 by default.
        package var threshold: Int
        /// `model`: the model's name in the statement; nil is the provider's
        /// first model.
        package var model: String?
    }
}
