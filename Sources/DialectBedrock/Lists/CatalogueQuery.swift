import Conversation
import Encodings
import Wire

/// The filters and pages of the lists of models.
struct CatalogueQuery {
    private let items: [(name: String, value: String)]

    /// - Parameter query: As it came; `+` is a space in it.
    init(_ query: String) {
        items = query.split(separator: "&").map { item in
            let mark = item.firstIndex(of: "=") ?? item.endIndex
            let value = mark == item.endIndex ? "" : item[item.index(after: mark)...]
            return (
                PercentEncoding.decode(item[..<mark]), PercentEncoding.decode(value.replacing("+", with: " ")[...])
            )
        }
    }

    private func value(_ name: String) -> String? { items.first { $0.name == name }?.value }

    private func choice(_ name: String, _ known: [String]) throws(APIProblem) -> String? {
        guard let value = value(name) else { return nil }
        guard known.contains(value) else {
            throw APIProblem(
                .invalidRequest, "\"\(name)\" may be \(known.joined(separator: ", ")).", field: name,
                code: "invalid_value")
        }
        return value
    }

    /// `ListFoundationModels`: all models are of the one kind that there is, so
    /// that a filter for another kind leaves none.
    func models(_ models: [ListedModel]) throws(APIProblem) -> [ListedModel] {
        let output = try choice("byOutputModality", ["TEXT", "IMAGE", "EMBEDDING"])
        let inference = try choice("byInferenceType", ["ON_DEMAND", "PROVISIONED"])
        let customization = try choice(
            "byCustomizationType", ["FINE_TUNING", "CONTINUED_PRE_TRAINING", "DISTILLATION"])
        guard output ?? "TEXT" == "TEXT", inference ?? "ON_DEMAND" == "ON_DEMAND", customization == nil else {
            return []
        }
        guard let maker = value("byProvider")?.lowercased() else { return models }
        return models.filter { ($0.lab ?? $0.provider ?? "Holdfast").lowercased() == maker }
    }

    /// `ListInferenceProfiles`: a page of them.
    func profiles(_ routes: [ListedModel]) throws(APIProblem) -> (routes: ArraySlice<ListedModel>, next: String?) {
        if try choice("type", ["SYSTEM_DEFINED", "APPLICATION"]) == "APPLICATION" { return ([], nil) }
        var most = routes.count
        if let text = value("maxResults") {
            guard let number = Int(text), (1...1000).contains(number) else {
                throw APIProblem(
                    .invalidRequest, "\"maxResults\" must be from 1 to 1000.", field: "maxResults",
                    code: "invalid_value")
            }
            most = number
        }
        var start = 0
        if let token = value("nextToken") {
            // The last one of the page before: the list may have changed since.
            guard let place = routes.firstIndex(where: { $0.id == token }) else {
                throw APIProblem(
                    .invalidRequest, "\"nextToken\" is not of this list any more; begin again without it.",
                    field: "nextToken", code: "invalid_value")
            }
            start = place + 1
        }
        let page = routes[start...].prefix(most)
        return (page, page.endIndex < routes.count ? page.last?.id : nil)
    }
}
