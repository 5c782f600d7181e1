import Encodings
import Ledger

/// A reader of `alerts` and `status_page`: the receivers of alerts, and the public status.
struct TellingReader {
    let file: Section

    func statusPage() -> StatusPageSettings? {
        guard let node = file.node("status_page") else { return StatusPageSettings() }
        if case .scalar = node.content {
            let isOff: Bool? = file.value("status_page", "must be off, or a mapping such as {title: Our models}") {
                $0 == "off" ? true : nil
            }
            return isOff == true ? nil : StatusPageSettings()
        }
        guard let section = file.section("status_page", keys: ["title"]) else { return nil }
        var page = StatusPageSettings()
        page.title = section.string("title") ?? page.title
        return page
    }

    /// `alerts`, with its defaults.
    struct Alerts {
        var webhooks: [Webhook] = []
        /// The period at which error budgets are checked.
        var period = Duration.seconds(60)
        var instance: String?
        var link: String?
    }

    func alerts() -> Alerts {
        var alerts = Alerts()
        guard let section = file.section("alerts", keys: ["webhooks", "every", "instance", "link"]) else {
            return alerts
        }
        alerts.webhooks = webhooks(section)
        alerts.period = section.positiveDuration("every") ?? alerts.period
        alerts.instance = section.string("instance")
        alerts.link = section.string("link")
        if let link = alerts.link, !link.hasPrefix("https://"), !link.hasPrefix("http://") {
            section.error("link", "must be an address such as https://holdfast.example.com/status")
        }
        return alerts
    }

    private func webhooks(_ section: Section) -> [Webhook] {
        guard let hooks = section.named("webhooks") else { return [] }
        return hooks.entries.compactMap { entry in
            guard isName(entry.key) else {
                hooks.notes.error(
                    entry.position,
                    "\(quoted(entry.key)) can't name a webhook; use letters, digits, \".\", \"_\" and \"-\"")
                return nil
            }
            guard
                let hook = Section(
                    entry.value, name: hooks.path(entry.key), keys: ["url", "secret", "on"], notes: hooks.notes)
            else { return nil }
            return webhook(hook, entry.key)
        }
    }

    private func webhook(_ hook: Section, _ name: String) -> Webhook? {
        for key in ["url", "secret"] where hook.node(key) == nil {
            hook.notes.error(hook.position, "\(hook.name) needs \(key)")
        }
        guard let url = hook.text("url"), let secret = hook.text("secret") else { return nil }
        let lower = url.value.lowercased()
        guard lower.hasPrefix("https://") || lower.hasPrefix("http://"),
            url.value.unicodeScalars.allSatisfy({ $0.isASCII && $0.value > 0x20 && $0.value < 0x7F })
        else {
            // Not shown: such addresses often hold a token.
            hook.error("url", "must begin with https:// (or http://), and hold no spaces")
            return nil
        }
        guard secret.value.utf8.count >= 24 else {
            hook.error(
                "secret", "is too short to sign with; use whsec_ and the base64 of 24 random bytes or more")
            return nil
        }
        if secret.value.hasPrefix("whsec_"), Base64.decode(secret.value.dropFirst(6)) == nil {
            hook.error("secret", "must go on with base64 after whsec_")
            return nil
        }
        var webhook = Webhook(name: name, url: Secret(url.value), secret: Secret(secret.value))
        if let words = hook.list("on") {
            webhook.kinds = []
            for word in words {
                guard let kind = Webhook.Kind(rawValue: word.value) else {
                    let known = Webhook.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                    hook.notes.error(word.position, "\(hook.path("on")) has \(word.shown); it may list \(known)")
                    continue
                }
                webhook.kinds.insert(kind)
            }
        }
        return webhook
    }
}
