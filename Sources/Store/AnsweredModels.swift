import GRDB

/// A model that has answered at least once.
private struct AnsweredModel: Decodable, FetchableRecord {
    var host, model: String
    var first, last: Int
}

extension Store {
    /// Which models have ever answered, and when first and last, in seconds
    /// since 1970; by host and model.
    package func answered() throws(StoreError) -> [(host: String, model: String, first: Int, last: Int)] {
        try read { database in
            try AnsweredModel.fetchAll(
                database, sql: "SELECT host, model, first, last FROM answered ORDER BY host, model"
            )
            .map { ($0.host, $0.model, $0.first, $0.last) }
        }
    }

    /// Remembers that a model answered; times may come in any order.
    ///
    /// - Parameter at: seconds since 1970.
    package func noteAnswered(_ host: String, _ model: String, at: Int) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO answered (host, model, first, last) VALUES (?, ?, ?, ?)
                    ON CONFLICT (host, model)
                    DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)
                    """, arguments: [host, model, at, at])
        }
    }
}
