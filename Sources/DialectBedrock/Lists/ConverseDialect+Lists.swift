package import Conversation
import Encodings
package import NIOCore
import Wire

// Lists of models, of Bedrock's other API (`boto3.client("bedrock")`).
//
// A route is listed as a foundation model, and as an inference profile too, since
// that is what it is: a name under which one of several models answers. Which ones
// is not told.
extension ConverseDialect: CatalogueWriter {
    private static let models = CallerAddress("/foundation-models")
    private static let model = CallerAddress("/foundation-models/{model+}")
    private static let profiles = CallerAddress("/inference-profiles")
    private static let profile = CallerAddress("/inference-profiles/{model+}")

    package var catalogueAddresses: [CallerAddress] { [Self.models, Self.model, Self.profiles, Self.profile] }

    package func encodeCatalogue(
        _ request: CatalogueRequest, _ models: [ListedModel]
    ) throws(APIProblem) -> ByteBuffer {
        let query = CatalogueQuery(request.query)
        let routes = models.filter { $0.provider == nil }
        var json = JSONWriter()
        switch request.address {
        case Self.models.pattern:
            let listed = try query.models(models)
            json.object { json in
                json.array("modelSummaries") { json in
                    for model in listed { json.object { json in FoundationModel.write(model, request.now, to: &json) } }
                }
            }
        case Self.model.pattern:
            let model = try find(request.model, among: models)
            json.object { json in
                json.object("modelDetails") { json in FoundationModel.write(model, request.now, to: &json) }
            }
        case Self.profiles.pattern:
            let page = try query.profiles(routes)
            json.object { json in
                json.array("inferenceProfileSummaries") { json in
                    for route in page.routes { json.object { json in InferenceProfile.write(route, to: &json) } }
                }
                json.member("nextToken", ifPresent: page.next)
            }
        default:
            let route = try find(request.model, among: routes)
            json.object { json in InferenceProfile.write(route, to: &json) }
        }
        return json.buffer
    }

    /// Finds a model by its id, or by the ARN that the lists give it.
    private func find(_ name: String?, among models: [ListedModel]) throws(APIProblem) -> ListedModel {
        let name = name ?? ""
        if let model = models.first(where: { $0.id == name }) { return model }
        if let resource = ResourceName.resource(of: name), let model = models.first(where: { $0.id == resource }) {
            return model
        }
        throw APIProblem(
            .notFound, "There is no such model for this key; GET /foundation-models lists what there is.",
            field: "modelIdentifier", code: "model_not_found")
    }
}

/// A model of the list, in the shape of `FoundationModelSummary` and
/// `FoundationModelDetails`.
private enum FoundationModel {
    static func write(_ model: ListedModel, _ now: Int, to json: inout JSONWriter) {
        json.member("modelArn", ModelARN.foundationModel(model.id))
        json.member("modelId", model.id)
        json.member("modelName", model.id)
        json.member("providerName", model.lab ?? model.provider ?? "Holdfast")
        json.array("inputModalities") { json in
            json.value("TEXT")
            if model.takesImages { json.value("IMAGE") }
        }
        json.array("outputModalities") { json in json.value("TEXT") }
        json.member("responseStreamingSupported", true)
        json.array("customizationsSupported") { _ in }
        json.array("inferenceTypesSupported") { json in json.value("ON_DEMAND") }
        json.object("modelLifecycle") { json in
            // A retirement without the date of a deprecation has been announced.
            let isLegacy = model.deprecated.map { $0 <= now } ?? (model.retires != nil)
            json.member("status", isLegacy ? "LEGACY" : "ACTIVE")
            json.member("legacyTime", ifPresent: model.deprecated.map { Timestamp.text(seconds: $0) })
            json.member("endOfLifeTime", ifPresent: model.retires.map { Timestamp.text(seconds: $0) })
        }
    }
}

/// A route in the shape of `InferenceProfileSummary`.
private enum InferenceProfile {
    static func write(_ route: ListedModel, to json: inout JSONWriter) {
        json.member("inferenceProfileName", route.id)
        json.member("inferenceProfileArn", ModelARN.inferenceProfile(route.id))
        json.member("inferenceProfileId", route.id)
        json.array("models") { json in
            json.object { json in json.member("modelArn", ModelARN.foundationModel(route.id)) }
        }
        json.member("status", "ACTIVE")
        json.member("type", "SYSTEM_DEFINED")
    }
}

/// ARNs of Holdfast's own: its region is `holdfast`, so that no name of it can be
/// one of AWS's. A request may name a model by them.
enum ModelARN {
    static func foundationModel(_ id: String) -> String { "arn:aws:bedrock:holdfast::foundation-model/\(id)" }

    static func inferenceProfile(_ id: String) -> String { "arn:aws:bedrock:holdfast::inference-profile/\(id)" }
}
