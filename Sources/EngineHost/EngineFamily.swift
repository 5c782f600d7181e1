import Custody

/// The processes that a foreign engine consists of.
package enum EngineFamily {
    /// Returns the process that has mapped the weights; the guard's child if no process has, or if this can't be
    /// determined.
    static func holder(of weights: borrowing SealedWeights, below guardProcess: Int32) -> Int32 {
        let family = descendants(of: guardProcess)
        return family.first { CustodyReceipt.maps($0, weights) } ?? family.first ?? guardProcess
    }

    /// Children before grandchildren.
    private static func descendants(of root: Int32) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        for process in ProcessFile.processes {
            guard let text = ProcessFile.text("\(process)/stat"), let end = text.lastIndex(of: ")"),
                let parent = text[end...].split(separator: " ").dropFirst(2).first.flatMap({ Int32($0) })
            else { continue }
            children[parent, default: []].append(process)
        }
        var family: [Int32] = []
        var next = children[root] ?? []
        while !next.isEmpty {
            family += next
            next = next.flatMap { children[$0] ?? [] }
        }
        return family
    }
}
