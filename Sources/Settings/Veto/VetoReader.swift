/// Reads `veto`.
struct VetoReader {
    let file: Section
    /// As ``VetoSettings/spool`` says.
    let spool: String

    func read() -> VetoSettings {
        var settings = VetoSettings(spool: spool)
        guard let section = file.section("veto", keys: ["unratified", "ratify_within", "half_open", "drain"]) else {
            return settings
        }
        settings.unratified = section.choice("unratified") ?? settings.unratified
        if let time = limited(section, "ratify_within", from: .seconds(60), "1m", to: .seconds(30 * 86_400), "30d") {
            settings.ratifyWithin = time
        }
        if let time = limited(section, "drain", from: .zero, "0s", to: .seconds(3600), "1h") { settings.drain = time }
        if settings.unratified == .lapses {
            section.notes.warning(
                section.place("unratified"),
                "veto.unratified is lapses: a suspension that only one person stands behind ends after "
                    + "\(settings.ratifyWithin.components.seconds) s, also while the reason for it goes on")
        }
        halfOpen(section, &settings.halfOpen)
        return settings
    }

    private func halfOpen(_ section: Section, _ halfOpen: inout VetoSettings.HalfOpen) {
        guard let part = section.section("half_open", keys: ["percent", "for"]) else { return }
        halfOpen.percent = part.integer("percent", in: 1...99) ?? halfOpen.percent
        if let time = limited(part, "for", from: .seconds(1), "1s", to: .seconds(7 * 86_400), "7d") {
            halfOpen.time = time
        }
        if halfOpen.percent > 50 {
            section.notes.warning(
                part.place("percent"),
                "veto.half_open.percent lets \(halfOpen.percent)% of the requests through while it isn't known yet "
                    + "that the model is well again; 10 is usual")
        }
    }

    private func limited(
        _ section: Section, _ key: String, from least: Duration, _ leastText: String, to most: Duration,
        _ mostText: String
    ) -> Duration? {
        guard let time = section.duration(key) else { return nil }
        guard (least...most).contains(time) else {
            section.error(key, "must be from \(leastText) to \(mostText)")
            return nil
        }
        return time
    }
}
