import AdminAPI
import Files
import FoundationEssentials
import Gateway
import Logging
import ServiceLifecycle
import Settings
import Supervision
import UnixSignals

/// The watch over the configuration and the key file, and the handler of
/// SIGHUP.
///
/// A good edit takes effect at once and drops no request; a broken one changes
/// nothing and is logged.
struct ConfigurationReloader: Service {
    let settings: CurrentSettings
    let gateway: Gateway
    let providers: ProviderService
    let edge: Edge
    let supervision: SupervisionService
    let secondStage: SecondStageKeeper
    let keys: KeyStore
    let runDirectory: RunDirectory
    let events: ServerEvents
    let logger: Logger

    func run() async throws {
        // Made before anything can change: no edit is missed.
        let configuration = FileWatch(path: settings.started.file)
        let keyFile = settings.started.keyFile.map { FileWatch(path: $0) }
        reportUnreadySigners()
        let serverKey = settings.started.serverKeyFile.map { FileWatch(path: $0) }
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in configuration.changes() { await reload() } }
                group.addTask { await watchConstitution() }
                if let keyFile { group.addTask { for await _ in keyFile.changes() { reloadKeys() } } }
                if let serverKey { group.addTask { for await _ in serverKey.changes() { reloadKeys() } } }
                group.addTask {
                    while (try? await Task.sleep(for: .seconds(60))) != nil {
                        gateway.records.reportRefusals()
                        if let loss = keys.loss { report(loss) }
                        reportUnreadySigners()
                    }
                }
                group.addTask {
                    for await _ in await UnixSignalsSequence(trapping: .sighup) {
                        await reload()
                        reloadKeys()
                    }
                }
            }
        }
    }

    /// Takes over edits of the constitution, whichever file the settings name.
    private func watchConstitution() async {
        while !Task.isCancelled {
            let path = settings.now.supervision.constitutionFile
            var sight = FileWatch.Sight(told: path.flatMap(Self.stamp))
            while settings.now.supervision.constitutionFile == path {
                guard (try? await Task.sleep(for: FileWatch.usualInterval)) != nil else { return }
                if let path, sight.observe(Self.stamp(path)) { reloadConstitution() }
            }
        }
    }

    private static func stamp(_ path: String) -> FileStamp? { (try? FileStamp.look(at: path)) ?? nil }

    private func reloadConstitution() {
        let now = settings.now
        do throws(StartupError) {
            supervision.replace(
                with: try now.supervisionPolicy(second: secondStage.stage), waiting: now.supervision.waiting)
            logger.info("constitution reloaded", metadata: ["policy": "\(supervision.policy.text)"])
        } catch {
            logger.error("the constitution can't be used, the old one stays", metadata: ["problem": "\(error.message)"])
        }
    }

    private func reloadKeys() {
        do throws(KeyFileError) {
            let (count, revoked, fault) = try keys.reload()
            if revoked > 0 { gateway.endRevoked() }
            logger.info("keys reloaded", metadata: ["keys": "\(count)", "revoked": "\(revoked)"])
            if let fault {
                logger.error("the server's key can't be read, it stays as it was", metadata: ["problem": "\(fault)"])
            }
            reportUnreadySigners()
        } catch {
            return report(error)
        }
        do throws(StartupError) {
            try runDirectory.write(EffectiveView(settings.started, keys: keys.count))
        } catch {
            logger.warning("commands may not find this process", metadata: ["problem": "\(error.message)"])
        }
    }

    private func reportUnreadySigners() {
        guard let problem = keys.unreadySigners else { return }
        logger.error("signatures of some keys can't be checked", metadata: ["problem": "\(problem)"])
    }

    /// Repeated once a minute for as long as it is so: at the next start the
    /// keys would be gone.
    private func report(_ error: KeyFileError) {
        logger.error("the key file is broken, the keys stay as they were", metadata: ["problem": "\(error)"])
    }

    private func reload() async {
        ServiceManager.current.notify(.reloading)
        defer { ServiceManager.current.notify(.ready) }
        let reading: SettingsReading
        do throws(FileFault) {
            reading = try Settings.load(
                settings.started.file,
                environment: CredentialVariables.joined(to: ProcessInfo.processInfo.environment) { fault in
                    logger.warning("a credential can't be read", metadata: ["problem": "\(fault)"])
                })
        } catch {
            settings.refuse("\(error)")
            logger.error("the configuration can't be read, the old one stays", metadata: ["problem": "\(error)"])
            return
        }
        guard let new = reading.settings else {
            settings.refuse(reading.errors.first.map { "\($0)" } ?? settings.started.file)
            for problem in reading.errors {
                logger.error("the configuration is broken, the old one stays", metadata: ["problem": "\(problem)"])
            }
            return
        }
        for problem in reading.warnings {
            logger.warning("the configuration has a likely mistake", metadata: ["problem": "\(problem.told)"])
        }
        do throws(StartupError) {
            let second = try secondStage.prepare(new)
            let policy = try new.supervisionPolicy(second: second.stage)
            let state = try await providers.state(for: new)
            // Before the routes: none may be supervised by nobody meanwhile.
            secondStage.begin(second)
            supervision.replace(with: policy, waiting: new.supervision.waiting)
            gateway.replace(state)
            gateway.applyRoutes()
            gateway.forgetOldCredentials()
        } catch {
            settings.refuse(error.message)
            logger.error(
                "the configuration can't be used, the old one stays", metadata: ["problem": "\(error.message)"])
            return
        }
        edge.reload(new)
        let previous = settings.replace(with: new)
        events.send(.configuration(ConfigurationChange(settings: new, previous: previous)))
        logger.info("configuration reloaded", metadata: ["routes": "\(new.routes.count)"])
        let waiting = SettingsSection.names(waitingFrom: settings.started, to: new)
        if !waiting.isEmpty {
            logger.warning(
                "these take effect at the next start only", metadata: ["changed": "\(waiting.joined(separator: ", "))"])
        }
    }
}
