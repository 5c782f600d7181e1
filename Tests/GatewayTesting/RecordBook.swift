package import Gateway

/// A record that is finished: nobody changes it any more.
@dynamicMemberLookup
// Records belong to a task that has ended when they come here.
package struct FinishedRecord: @unchecked Sendable {
    private let record: RequestRecord

    package init(_ record: RequestRecord) { self.record = record }

    package subscript<Value>(dynamicMember path: KeyPath<RequestRecord, Value>) -> Value { record[keyPath: path] }
}

/// Keeps the records of requests.
package final class RecordBook: RequestRecorder, Sendable {
    package let records = Watched<[FinishedRecord]>([])

    package init() {}

    package func record(_ record: RequestRecord) {
        let finished = FinishedRecord(record)
        records.change { $0.append(finished) }
    }

    package var last: FinishedRecord? { records.value.last }
}
