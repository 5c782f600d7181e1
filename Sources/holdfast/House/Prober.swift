import Gateway
import NIOCore
import Resilience
import ServiceLifecycle

/// Looks every second whether a hold is due to be probed.
struct Prober: Service {
    let gateway: Gateway
    let executor: EventLoopTaskExecutor

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if !gateway.continuity.book.isQuiet {
                    await withTaskExecutorPreference(executor) { await gateway.probeWhatIsDue(on: executor) }
                }
                try? await Task.sleep(for: .milliseconds(250))
            }
        }
    }
}
