import Settings

/// Reads settings from a text, as `holdfast.yaml`.
func read(_ text: String, environment: [String: String] = [:]) -> SettingsReading {
    Settings.read(Array(text.utf8), file: "holdfast.yaml", environment: environment)
}

/// The problems of a text, as people see them.
func problems(_ text: String, environment: [String: String] = [:]) -> [String] {
    read(text, environment: environment).problems.map(\.description)
}
