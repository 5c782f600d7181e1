import Telemetry

extension SupervisionService {
    func register(in registry: PrometheusRegistry) {
        registry.addGauge("holdfast_supervisor_up") { [self] in isDown ? 0 : 1 }
        registry.addGauge("holdfast_supervision_waiting") { [self] in Double(pool.waiting) }
    }
}
