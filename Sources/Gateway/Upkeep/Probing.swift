import Conversation
import Failures
import NIOCore
import Resilience
import Routing
import Wire

/// Asks, off the request path, whether a hold is still right: one tiny real
/// request for one token. A models list doesn't do: pulled models stay
/// listed, and names that serve are not.
extension Gateway {
    /// The field by which a provider's operator can tell probes from traffic.
    package static let probeField = "x-holdfast-probe"

    /// Carries out the probes that are due; returns when all have reported.
    package func probeWhatIsDue(on executor: EventLoopTaskExecutor) async {
        let orders = continuity.book.dueProbes(now: continuity.now)
        await withTaskGroup(of: Void.self) { group in
            for order in orders { group.addTask { await self.carryOut(order, on: executor) } }
        }
    }

    /// `provider/model` of all candidates to whom nothing is sent now.
    package var heldModels: [String] {
        guard !continuity.book.isQuiet else { return [] }
        let now = continuity.now
        var models: Set<String> = []
        for upstream in state.served.values.flatMap(\.upstreams) where !models.contains(upstream.id) {
            guard let place = upstream.place else { continue }
            if case .held = continuity.book.standing(of: place, now: now) { models.insert(upstream.id) }
        }
        return Array(models)
    }

    private func carryOut(_ order: ProbeOrder, on executor: EventLoopTaskExecutor) async {
        let result = await probe(order, on: executor)
        continuity.keeper.noteProbe(order.place, result)
        state.instruments.probed(provider: order.place.provider, result: result)
        continuity.report(continuity.book.probed(order, result, now: continuity.now))
    }

    private func probe(_ order: ProbeOrder, on executor: EventLoopTaskExecutor) async -> ProbeResult {
        let state = state
        guard let provider = state.providers[order.place.provider] else {
            return .inconclusive("its provider is not in service")
        }
        guard provider.mayBeProbed else { return .inconclusive("its settings switch probes off") }
        let model = order.place.model.isEmpty ? state.routes.someModel(of: provider.name) : order.place.model
        guard let model else { return .inconclusive("no model of it is known") }
        return await ask(provider, model, streams: order.streams, on: executor)
    }

    func ask(
        _ provider: Provider, _ model: String, streams: Bool, on executor: EventLoopTaskExecutor
    ) async -> ProbeResult {
        var chat = ChatRequest(model: model, messages: [Message(.user, [.text("Hi")])])
        chat.maxTokens = 1
        chat.stream = streams
        var dropped: [String] = []
        guard let body = try? provider.dialect.encodeChat(chat, model: model, dropped: &dropped) else {
            return .inconclusive("its dialect has no words for a probe")
        }
        var request = LaneRequest(path: provider.dialect.chatPath, body: body)
        request.fields.append(Self.probeField, "1")
        request.limits.firstByte = .seconds(30)
        request.limits.deadline = .now() + .seconds(60)
        let symptom: Symptom?
        do {
            symptom = try await provider.lane.exchange(request, on: executor) { response in
                try await Self.symptom(of: response, provider, streams: streams)
            }
        } catch LaneFailure.ownShortage(let what) {
            return .inconclusive("Holdfast itself has \(what) left")
        } catch let failure as LaneFailure {
            symptom = Symptom(failure, dialect: provider.errorDialect, hasBegun: false)
        } catch {
            return .inconclusive("it was interrupted")
        }
        guard let symptom else { return .answered }
        let verdict = continuity.classifier.judge(symptom, now: continuity.now.unix)
        // A token that ends in a refusal, or is refused for its limits, is a
        // sign of life.
        switch verdict.cause {
        case .refused, .tooLong, .callerFault, .nestedReference: return .answered
        default: return .failed(verdict, status: symptom.status == 0 ? nil : symptom.status)
        }
    }

    /// - Returns: nil for an answer as it should be.
    private static func symptom(
        of response: any LaneResponse, _ provider: Provider, streams: Bool
    ) async throws -> Symptom? {
        let dialect = provider.errorDialect
        let body = try await response.collect(upTo: 1 << 20)
        let head = response.head
        guard (200..<300).contains(head.status) else {
            return Symptom(dialect: dialect, position: .head, status: head.status, fields: head.fields, body: body)
        }
        guard streams else {
            if (try? provider.dialect.decodeReply(body)) != nil { return nil }
            return Symptom(dialect: dialect, position: .body, status: head.status, fields: head.fields, body: body)
        }
        var parser = SSEParser()
        parser.feed(body)
        var watcher = provider.dialect.makeStreamWatcher()
        var last = ByteBuffer()
        while let event = try? parser.next() {
            watcher.observe(event)
            last = event.data
        }
        let seen = watcher.observation
        if seen.failure != nil {
            return Symptom(dialect: dialect, position: .stream, status: head.status, fields: head.fields, body: last)
        }
        guard !seen.hasEnded, !seen.hasContent else { return nil }
        return Symptom(
            dialect: dialect, position: .streamEnd, status: head.status, fields: head.fields, transport: .clean)
    }
}

extension RouteTable {
    /// A model that is asked for at a provider: what its routes name, else
    /// what it lists.
    func someModel(of provider: String) -> String? {
        for route in routes {
            if let candidate = route.candidates.first(where: { $0.provider == provider }) { return candidate.model }
        }
        guard case .listed(let models)? = self.provider(provider)?.models else { return nil }
        return models.first
    }
}
