import CLinux
import Custody

/// The places at which an engine finds its model: numbers of open descriptors, and never paths, where another process
/// could replace the file.
package struct WeightPlaces: Equatable {
    static let first = Int32(clinux_first_weights)

    var count: Int
    /// llama.cpp looks for the parts of a split model by their names; those
    /// are links to the descriptors. Empty for one file.
    var names: [String]

    init(_ weights: borrowing SealedWeights) throws(EngineStartError) {
        try self.init(weights.files.map(\.name))
    }

    package init(_ files: [String]) throws(EngineStartError) {
        guard files.count <= Int(clinux_most_descriptors) else {
            throw EngineStartError(
                "the model has \(files.count) files, and \(clinux_most_descriptors) can be given to an engine; "
                    + "merge them with llama-gguf-split --merge")
        }
        count = files.count
        names = files.count > 1 ? files.map { String($0.split(separator: "/").last ?? "") } : []
    }

    /// - Parameter folder: the folder that contains the names, if there are any.
    func path(from folder: String) -> String {
        names.first.map { folder + "/" + $0 } ?? link(0)
    }

    func link(_ index: Int) -> String { "/proc/self/fd/\(Int(Self.first) + index)" }
}
