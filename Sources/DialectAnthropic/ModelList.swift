package import NIOCore
import Wire

/// What `GET /v1/models` answers.
///
/// https://docs.anthropic.com/en/api/models-list
extension AnthropicDialect {
    /// Every model in one page.
    /// - Parameter models: names, with the seconds since 1970 of their
    ///   release where known.
    package func encodeModelList(_ models: [(id: String, createdAt: Int?)]) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.array("data") { json in
                for model in models { Self.write(model.id, model.createdAt, to: &json) }
            }
            json.member("has_more", false)
            if let first = models.first, let last = models.last {
                json.member("first_id", first.id)
                json.member("last_id", last.id)
            } else {
                json.null("first_id")
                json.null("last_id")
            }
        }
        return json.buffer
    }

    /// What `GET /v1/models/{id}` answers.
    package func encodeModel(_ id: String, createdAt: Int? = nil) -> ByteBuffer {
        var json = JSONWriter()
        Self.write(id, createdAt, to: &json)
        return json.buffer
    }

    private static func write(_ id: String, _ createdAt: Int?, to json: inout JSONWriter) {
        json.object { json in
            json.member("type", "model")
            json.member("id", id)
            json.member("display_name", id)
            // "May be set to an epoch value if the release date is unknown."
            json.member("created_at", timestamp(createdAt ?? 0))
            // The official client's type demands it; Holdfast serves nothing
            // that is on its way out without its operator's knowledge.
            json.member("lifecycle", "active")
        }
    }

    /// RFC 3339, in UTC. Dates as days since 1970 in the proleptic Gregorian
    /// calendar: https://howardhinnant.github.io/date_algorithms.html
    static func timestamp(_ seconds: Int) -> String {
        // The years 0 to 9999 are what RFC 3339 can say.
        let seconds = min(max(seconds, -62_167_219_200), 253_402_300_799)
        let (day, time) = seconds.flooredQuotientAndRemainder(86_400)
        let shifted = day + 719_468
        let (era, dayOfEra) = shifted.flooredQuotientAndRemainder(146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let digits = String(year)
        let paddedYear = String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        return
            "\(paddedYear)-\(two(month))-\(two(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1))"
            + "T\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60))Z"
    }
}

extension Int {
    /// Division that rounds down, also below zero.
    fileprivate func flooredQuotientAndRemainder(_ divisor: Int) -> (Int, Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
