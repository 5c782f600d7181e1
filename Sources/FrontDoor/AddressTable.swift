import Conversation
import Gateway
import Wire

/// The meaning of an address on the applications' listener.
enum Address {
    /// An operation of a door's.
    case call(Entrance, CalledPath)
    case models
    case model(String)
    /// A list of models of one door's own.
    case catalogue(CatalogueEntrance, CalledPath)
    case root
    case health
    case ready
    case metrics
    /// A file of the public ledger.
    case ledger(String)
    case status(HouseView.StatusForm)
    case unknown
}

/// An address of a door's, with the operation behind it.
final class Entrance: Sendable {
    let door: Door
    let address: CallerAddress
    let operation: Call.Operation

    init(_ door: Door, _ address: CallerAddress, _ operation: Call.Operation) {
        self.door = door
        self.address = address
        self.operation = operation
    }
}

/// An address of a door's lists of models.
final class CatalogueEntrance: Sendable {
    let door: Door
    let writer: any CatalogueWriter
    let address: CallerAddress

    init(_ door: Door, _ writer: any CatalogueWriter, _ address: CallerAddress) {
        self.door = door
        self.writer = writer
        self.address = address
    }
}

/// All addresses of the applications' listener.
struct AddressTable: Sendable {
    /// In the order of the doors.
    let entrances: [Entrance]
    let catalogues: [CatalogueEntrance]

    init(_ doors: [Door]) {
        catalogues = doors.flatMap { door in
            door.catalogue.map { writer in
                writer.catalogueAddresses.map { CatalogueEntrance(door, writer, $0) }
            } ?? []
        }
        entrances = doors.flatMap { door in
            door.entrances.map { Entrance(door, $0.address, $0.operation) }
        }
    }

    /// - Parameter path: without its query.
    func address(_ path: Substring) -> Address {
        for entrance in entrances {
            if let called = entrance.address.match(path) { return .call(entrance, called) }
        }
        switch path {
        case "/v1/models", "/v1/models/": return .models
        case "/", "": return .root
        case "/health", "/healthz": return .health
        case "/ready", "/readyz": return .ready
        case "/metrics": return .metrics
        case "/status", "/status/": return .status(.page)
        case "/status.json": return .status(.json)
        case "/status/suspensions.json": return .status(.suspensions)
        default:
            if path.hasPrefix("/ledger/") { return .ledger(String(path.dropFirst(8))) }
            let prefix = "/v1/models/"
            if path.hasPrefix(prefix) { return .model(PercentEncoding.decode(path.dropFirst(prefix.count))) }
            for entrance in catalogues {
                if let called = entrance.address.match(path) { return .catalogue(entrance, called) }
            }
            return .unknown
        }
    }

    /// The answer to a request for something that a door's API has and Holdfast
    /// doesn't; nil for all other paths.
    func absence(at path: Substring) -> APIProblem? {
        for entrance in entrances {
            if let problem = entrance.door.dialect.absence(at: path) { return problem }
        }
        return nil
    }

    /// The operations and their addresses, as a sentence for people.
    var sentence: String {
        let calls = entrances.map { "POST \($0.address.pattern)" }.joined(separator: ", ")
        let lists = ["/v1/models"] + catalogues.filter { !$0.address.namesModel }.map(\.address.pattern)
        return "Holdfast speaks \(calls) and \(lists.map { "GET \($0)" }.joined(separator: ", "))."
    }
}
