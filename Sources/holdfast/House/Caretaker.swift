import Files
import FoundationEssentials
import Gateway
import Logging
import ServiceLifecycle
import Settings
import Synchronization
import UnixSignals

/// Watches the configuration and the key file, and listens to SIGHUP.
///
/// A good edit counts at once and drops no request; a broken one changes
/// nothing and is told.
struct Caretaker: Service {
    let house: House

    func run() async throws {
        // Made before anything can change: no edit is missed.
        let configuration = FileWatch(path: house.settings.file)
        let keys = house.settings.keyFile.map { FileWatch(path: $0) }
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in configuration.changes() { reload() } }
                if let keys { group.addTask { for await _ in keys.changes() { reloadKeys() } } }
                group.addTask {
                    while (try? await Task.sleep(for: .seconds(60))) != nil {
                        house.gateway.reportRefusals()
                        if let loss = house.keys.loss { tellOfLoss(loss) }
                    }
                }
                group.addTask {
                    for await _ in await UnixSignalsSequence(trapping: .sighup) {
                        reload()
                        reloadKeys()
                    }
                }
            }
        }
    }

    private func reloadKeys() {
        do throws(KeyFileError) {
            let count = try house.keys.reload()
            house.logger.info("keys reloaded", metadata: ["keys": "\(count)"])
        } catch {
            tellOfLoss(error)
        }
    }

    /// Repeated once a minute for as long as it is so: at the next start the
    /// keys would be gone.
    private func tellOfLoss(_ error: KeyFileError) {
        house.logger.error("the key file is broken, the keys stay as they were", metadata: ["problem": "\(error)"])
    }

    private func reload() {
        let reading: SettingsReading
        do throws(FileFault) {
            reading = try Settings.load(house.settings.file, environment: ProcessInfo.processInfo.environment)
        } catch {
            house.logger.error("the configuration can't be read, the old one stays", metadata: ["problem": "\(error)"])
            return
        }
        guard let settings = reading.settings else {
            for problem in reading.errors {
                house.logger.error(
                    "the configuration is broken, the old one stays", metadata: ["problem": "\(problem)"])
            }
            return
        }
        for problem in reading.warnings { house.logger.warning("\(problem)") }
        do throws(HouseError) {
            house.gateway.replace(try house.providers.state(for: settings))
            house.gateway.applyRoutes()
            house.gateway.forgetOldCredentials()
        } catch {
            house.logger.error(
                "the configuration can't be used, the old one stays", metadata: ["problem": "\(error.message)"])
            return
        }
        house.edge.reload(settings)
        let before = house.inForce.withLock { inForce in
            defer { inForce = settings }
            return inForce
        }
        house.ledger?.configurationChanged(settings, from: before)
        house.logger.info("configuration reloaded", metadata: ["routes": "\(settings.routes.count)"])
        let started = house.settings
        let fixed: [(String, Bool)] = [
            ("listen", settings.listen != started.listen), ("tls", settings.tls != started.tls),
            ("admin", settings.admin != started.admin), ("keys", settings.keys != started.keys),
            ("log", settings.log != started.log), ("metrics", settings.metrics != started.metrics),
            ("limits", settings.limits != started.limits), ("ledger", settings.ledger != started.ledger),
        ]
        let changed = fixed.filter(\.1).map(\.0)
        if !changed.isEmpty {
            house.logger.warning(
                "these take effect at the next start only", metadata: ["changed": "\(changed.joined(separator: ", "))"])
        }
    }
}
