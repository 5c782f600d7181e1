package import Wire

/// That another candidate went on with an answer, as a caller is told.
package struct HandOver: Sendable, Equatable {
    /// The candidate that went on, as `provider/model`.
    package var by: String
    /// The cause for which the previous candidate stopped.
    package var cause: String
    /// The number of characters (Unicode scalars) of text that were sent
    /// before.
    package var at: Int

    package init(by: String, cause: String, at: Int) {
        self.by = by
        self.cause = cause
        self.at = at
    }

    /// Writes the member `holdfast` into an object. No dialect knows it, and
    /// the official clients pass unknown members over.
    package static func write(_ handOvers: [HandOver], to json: inout JSONWriter) {
        json.object("holdfast") { json in
            json.array("continued") { json in
                for handOver in handOvers { json.object { handOver.write(to: &$0) } }
            }
        }
    }

    /// Writes its members into an object.
    package func write(to json: inout JSONWriter) {
        json.member("by", by)
        json.member("cause", cause)
        json.member("at", at)
    }
}
