import Routing
package import Settings

/// The greeting of a Holdfast that was just started: lines to paste, with a key
/// that works, and things to try next.
package struct Greeting {
    private let settings: Settings
    private let key: String
    private let program: String

    /// - Parameter program: the path of this program.
    package init(settings: Settings, key: String, program: String) {
        self.settings = settings
        self.key = key
        self.program = program
    }

    private var base: String { "\(settings.tls == nil ? "http" : "https")://\(settings.listen)" }
    private var route: Route? { settings.routes.first { $0.isServed } }
    private var model: String { route?.name ?? "PROVIDER/MODEL" }

    package var text: String { ([snippets] + next).joined(separator: "\n\n") + "\n" }

    private var snippets: String {
        """

        Holdfast is ready on \(base). In a shell:

        curl \(base)/v1/chat/completions \\
          -H "authorization: Bearer \(key)" \\
          -H "content-type: application/json" \\
          -d '{"model": "\(model)", "messages":
               [{"role": "user", "content": "What is a holdfast?"}]}'

        In Python, with OpenAI's client (pip install openai):

        from openai import OpenAI
        client = OpenAI(base_url="\(base)/v1",
                        api_key="\(key)")
        answer = client.chat.completions.create(
            model="\(model)",
            messages=[{"role": "user", "content": "What is a holdfast?"}])
        print(answer.choices[0].message.content)

        With Anthropic's (pip install anthropic):

        from anthropic import Anthropic
        client = Anthropic(base_url="\(base)",
                           api_key="\(key)")
        answer = client.messages.create(
            model="\(model)", max_tokens=100,
            messages=[{"role": "user", "content": "What is a holdfast?"}])
        print(answer.content[0].text)
        """
    }

    /// Further things to look at, where there are some.
    private var next: [String] {
        var parts: [String] = []
        if settings.statusPage != nil { parts.append("What serves, for a browser:  \(base)/status") }
        let folder = program.lastIndex(of: "/").map { String(program[..<$0]) } ?? "."
        parts.append(
            """
            The program is \(program).
            In another terminal:

            export PATH="\(folder):$PATH"
            holdfast status --config \(settings.file)
            """)
        if let route, route.candidates.count(where: { $0.unavailable == nil }) > 1, settings.admin != nil {
            parts[parts.count - 1] +=
                "\nholdfast drill pull \(route.name) --as withdrawn --load 1rps --for 20s \\\n  --config \(settings.file)"
            parts.append("The last of these takes the first model away for 20 s: the others answer.")
        }
        if let small = settings.routes.flatMap(\.candidates).first(where: { $0.model.lowercased().contains("135m") }) {
            parts.append(
                """
                \(small.model) has 135 million parameters. It shows that all of this works,
                and is for trying out only: what it says is often wrong.
                """)
        }
        parts.append("Ctrl-C stops it.")
        return parts
    }
}
