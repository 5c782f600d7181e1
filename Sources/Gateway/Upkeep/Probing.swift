import Atomics
import Conversation
import Failures
import NIOCore
import Resilience
import Routing
import Veto
import Wire

/// The memory that a probe reports to, and the way that it takes.
enum ProbeMemory: Sendable {
    case real
    /// A drill's candidate is probed through the drill, and remembered there.
    case drill(Rehearsal, HealthBook)
}

/// Requests of Holdfast's own, off the request path, that find out whether a
/// hold is right: one tiny real request for one token. A models list doesn't
/// do: pulled models stay listed, and names that serve are not.
extension Gateway {
    /// The field by which a provider's operator can tell probes from traffic.
    package static let probeField = "x-holdfast-probe"

    /// Records a failure, and begins the probe that it requires.
    /// - Returns: A ticket that the request has to wait for before it goes on;
    ///   nil where there is nothing to wait for.
    func note(
        _ report: FailureReport, of token: AttemptToken?, at place: Target, on executor: EventLoopTaskExecutor
    ) -> KeeperTicket? {
        guard let token else { return nil }
        let news = continuity.book.failed(token, report, now: continuity.now)
        let ticket = continuity.report(news.changes)
        startProbes(news.probes, in: .real, on: executor)
        return ticket
    }

    func startProbes(_ orders: [ProbeOrder], in memory: ProbeMemory, on executor: EventLoopTaskExecutor) {
        for order in orders {
            probes.start(on: executor) { await self.carryOut(order, in: memory, on: executor) }
        }
    }

    /// Begins the probes that are due, each in a task of its own.
    package func startDueProbes(on executor: EventLoopTaskExecutor) {
        startProbes(continuity.book.dueProbes(now: continuity.now), in: .real, on: executor)
        for rehearsal in drills.all {
            let book = rehearsal.book
            startProbes(book.dueProbes(now: continuity.now), in: .drill(rehearsal, book), on: executor)
        }
    }

    /// Carries out the probes that are due; returns when all that are under
    /// way have reported.
    package func probeWhatIsDue(on executor: EventLoopTaskExecutor) async {
        startDueProbes(on: executor)
        await probes.wait()
    }

    /// Ends the probes that are under way; none begins any more.
    package func endProbes() async { await probes.end() }

    /// `provider/model` of all candidates that nothing is sent to while others
    /// are free.
    package var heldModels: [String] {
        guard !continuity.book.isQuiet else { return [] }
        let now = continuity.now
        var models: Set<String> = []
        for upstream in state.served.values.flatMap(\.upstreams) where !models.contains(upstream.id) {
            guard let place = upstream.place else { continue }
            switch continuity.book.standing(of: place, now: now) {
            case .held, .suspected: models.insert(upstream.id)
            case .free, .waiting, .open: break
            }
        }
        return Array(models)
    }

    private func carryOut(_ order: ProbeOrder, in memory: ProbeMemory, on executor: EventLoopTaskExecutor) async {
        let result = await probe(order, in: memory, on: executor)
        switch memory {
        case .drill(_, let book): _ = book.probed(order, result, now: continuity.now)
        case .real:
            continuity.keeper.noteProbe(order.place, result)
            state.instruments.probed(provider: order.place.provider, result: result)
            continuity.report(continuity.book.probed(order, result, now: continuity.now))
        }
    }

    private func probe(
        _ order: ProbeOrder, in memory: ProbeMemory, on executor: EventLoopTaskExecutor
    ) async -> ProbeResult {
        let state = state
        guard let provider = state.providers[order.place.provider] else {
            return .impossible("its provider is not in service")
        }
        guard provider.mayBeProbed else { return .impossible("its settings switch probes off") }
        let model = order.place.model.isEmpty ? state.routes.someModel(of: provider.name) : order.place.model
        guard let model else { return .impossible("no model of it is known") }
        let result = await ask(provider, model, order.kind, within: order.patience, in: memory, on: executor)
        // A model that makes no embeddings may well serve all the same.
        guard order.kind == .embeddings, case .failed(let verdict, _) = result, verdict.isOfService else {
            return result
        }
        let again = await ask(provider, model, .whole, within: order.patience, in: memory, on: executor)
        return again == .answered ? again : result
    }

    /// Asks for one token.
    /// - Parameter patience: the time after which it is inconclusive, whatever
    ///   the provider's settings say.
    func ask(
        _ provider: Provider, _ model: String, _ kind: ProbeKind, within patience: Duration,
        in memory: ProbeMemory = .real, as gate: GateAsking? = nil, on executor: EventLoopTaskExecutor
    ) async -> ProbeResult {
        guard !provider.usesCallersCredential else {
            return .impossible("it is asked with its callers' own credentials only")
        }
        guard var request = Self.probe(of: provider, model, kind) else {
            return .impossible("its dialect has no words for a probe")
        }
        request.fields.append(Self.probeField, "1")
        if let gate { request.fields.append(Self.gateField, gate.order.id) }
        request.limits.firstByte = patience
        request.limits.deadline = .now() + TimeAmount(patience)
        let lane: any ProviderLane =
            switch memory {
            case .real: provider.lane
            case .drill(let rehearsal, _):
                DrillLane(rehearsal, before: provider, streams: kind == .stream, isProbe: true)
            }
        return await withTaskGroup(of: ProbeResult.self) { [request] group in
            group.addTask(executorPreference: executor) {
                let live = self.liveProbe(of: provider, model, as: gate, on: executor)
                return await self.exchange(request, provider, kind, live, on: lane, executor)
            }
            group.addTask {
                try? await Task.sleep(for: patience)
                return .inconclusive("no answer in time")
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? .inconclusive("it was interrupted")
        }
    }

    /// An exchange of Holdfast's own, as suspensions find it.
    private struct LiveProbe {
        let exchange: LiveExchange
        let gate: GateAsking?

        /// - Throws: ``PermitEnded``.
        func begin() throws {
            let tick = try exchange.begin()
            gate?.tick.store(tick, ordering: .releasing)
        }
    }

    private func liveProbe(
        of provider: Provider, _ model: String, as gate: GateAsking?, on executor: EventLoopTaskExecutor
    ) -> LiveProbe? {
        guard let book = stages.permits else { return nil }
        let subject =
            state.routes.provider(provider.name)?.candidate(model: model).suspensionSubject
            ?? SuspensionSubject(id: "\(provider.name)/\(model)")
        let permit = book.permit(of: subject, provider)
        return LiveProbe(
            exchange: LiveExchange(book, permit, nil, executor, gate: gate?.order.number ?? 0), gate: gate)
    }

    /// - Returns: nil where the provider can't be asked for that.
    private static func probe(of provider: Provider, _ model: String, _ kind: ProbeKind) -> LaneRequest? {
        var dropped: [String] = []
        if kind == .embeddings, case .served(let embeddings) = provider.abilities.embeddings {
            let request = EmbeddingsRequest(model: model, input: .text("Hi"))
            return (try? embeddings.encodeEmbeddings(request, model: model, dropped: &dropped)).map {
                LaneRequest(path: embeddings.embeddingsEndpoint(model: model), body: $0)
            }
        }
        var chat = ChatRequest(model: model, messages: [Message(.user, [.text("Hi")])])
        chat.maxTokens = 1
        chat.stream = kind == .stream
        return (try? provider.dialect.encodeChat(chat, model: model, dropped: &dropped)).map {
            LaneRequest(path: provider.dialect.chatEndpoint(model: model, isStream: chat.stream), body: $0)
        }
    }

    private func exchange(
        _ request: LaneRequest, _ provider: Provider, _ kind: ProbeKind, _ live: LiveProbe?,
        on lane: any ProviderLane, _ executor: EventLoopTaskExecutor
    ) async -> ProbeResult {
        var request = request
        request.ending = live?.exchange
        defer { live?.exchange.leave() }
        do { try live?.begin() } catch { return .impossible(live?.exchange.problem?.message ?? "it is suspended") }
        let symptom: Symptom?
        do {
            symptom = try await lane.exchange(request, on: executor) { response in
                try await Self.symptom(of: response, provider, kind)
            }.map(state.secrets.masking)
        } catch _ where live?.exchange.problem != nil {
            return .inconclusive("it was suspended meanwhile")
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
        case .refused, .tooLong, .callerFault, .unsupportedField, .nestedReference: return .answered
        default: return .failed(verdict, status: symptom.status == 0 ? nil : symptom.status)
        }
    }

    /// - Returns: nil for an answer as it should be.
    private static func symptom(
        of response: any LaneResponse, _ provider: Provider, _ kind: ProbeKind
    ) async throws -> Symptom? {
        let dialect = provider.errorDialect
        let head = response.head
        let body = try await response.collect(first: 1 << 20)
        guard (200..<300).contains(head.status) else {
            return Symptom(dialect: dialect, position: .head, status: head.status, fields: head.fields, body: body)
        }
        guard kind == .stream else {
            if kind == .embeddings ? Self.holdsEmbeddings(body, provider) : Self.holdsReply(body, provider) {
                return nil
            }
            return Symptom(dialect: dialect, position: .body, status: head.status, fields: head.fields, body: body)
        }
        var parser = FrameParser(provider.dialect.framing)
        parser.feed(body)
        var watcher = provider.dialect.makeStreamWatcher()
        var last = Frame(data: ByteBuffer())
        while let event = try? parser.next() {
            watcher.observe(event)
            last = event
        }
        let seen = watcher.observation
        if seen.failure != nil {
            var symptom = Symptom(
                dialect: dialect, position: .stream, status: head.status, fields: head.fields, body: last.data)
            if last.isException { symptom.exception = last.name }
            return symptom
        }
        guard !seen.hasEnded, !seen.hasContent else { return nil }
        return Symptom(
            dialect: dialect, position: .streamEnd, status: head.status, fields: head.fields, transport: .clean)
    }
}

extension Gateway {
    private static func holdsReply(_ body: ByteBuffer, _ provider: Provider) -> Bool {
        (try? provider.dialect.decodeReply(body)) != nil
    }

    private static func holdsEmbeddings(_ body: ByteBuffer, _ provider: Provider) -> Bool {
        guard case .served(let embeddings) = provider.abilities.embeddings else { return false }
        return (try? embeddings.decodeEmbeddingsReply(body)) != nil
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
