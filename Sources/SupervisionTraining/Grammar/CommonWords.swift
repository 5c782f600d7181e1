/// Names, places and things that all generated texts share.
extension Grammar {
    package static let common = Grammar([
        "first": [
            "Anna", "Ben", "Carla", "Deepak", "Elena", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Kofi", "Lena", "Marta",
            "Noor", "Oscar", "Priya", "Quentin", "Rosa", "Samir", "Tara", "Uwe", "Vera", "Wei", "Ximena", "Yusuf", "Zoe",
            "Emily", "Michael", "Sarah", "David", "Laura", "James", "Amy", "Robert", "Alice", "Thomas",
        ],
        "last": [
            "Abel", "Brandt", "Costa", "Diaz", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jensen", "Kumar", "Lopez",
            "Meyer", "Novak", "Okafor", "Patel", "Quinn", "Rossi", "Smith", "Tanaka", "Ueda", "Vogel", "Wang", "Young",
            "Johnson", "Brown", "Miller", "Wilson", "Clark", "Lewis",
        ],
        "person": ["{first} {last}"],
        "handle": ["{first}.{last}", "{first}{#2}", "{last}_{#3}"],
        "domain": [
            "example.com", "mail.example.org", "acme.io", "northwind.co", "contoso.net", "gmail.com", "outlook.com",
            "university.edu", "initech.com", "bluebird.dev", "citybank.com",
        ],
        "mailbox": ["{handle}@{domain}"],
        "city": [
            "Berlin", "Lisbon", "Nairobi", "Osaka", "Denver", "Toronto", "Lagos", "Oslo", "Madrid", "Chennai", "Austin",
            "Leeds", "Lyon", "Seattle", "Quito", "Perth",
        ],
        "month": [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
            "December",
        ],
        "weekday": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        "dd": ["03", "07", "11", "14", "19", "22", "26", "28"],
        "mm": ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"],
        "date": ["2026-{mm}-{dd}", "{month} {dd}, 2026", "{dd} {month} 2025", "{weekday}"],
        "time": ["{mm}:{#2}", "1{#1}:{#2}:{#2}", "{mm}:30", "9:00 AM", "4:15 PM"],
        "stamp": ["2026-{mm}-{dd}T{mm}:{#2}:{#2}Z", "2026-{mm}-{dd} 1{#1}:{#2}:{#2},{#3}"],
        "noun": [
            "invoice", "report", "dashboard", "ticket", "order", "shipment", "garden", "bicycle", "keyboard", "camera",
            "recipe", "novel", "concert", "lecture", "budget", "contract", "server", "database", "cache", "parser",
            "library", "package", "module", "button", "schedule", "meeting", "flight", "hotel", "lamp", "printer", "survey",
            "policy", "account", "profile", "device", "thermostat", "playlist", "photo", "calendar", "release", "migration",
            "queue", "router", "test", "branch", "commit", "lesson", "museum", "river", "engine", "battery", "sensor",
        ],
        "adjective": [
            "new", "old", "monthly", "quarterly", "small", "large", "red", "broken", "final", "early", "local", "public",
            "shared", "quiet", "fast", "slow", "recent", "missing", "annual", "weekly", "simple", "main", "temporary",
            "popular", "official", "friendly", "modern", "empty", "default", "legacy",
        ],
        "verb": [
            "add", "update", "remove", "check", "review", "fix", "rename", "move", "refactor", "document", "test", "build",
            "deploy", "configure", "measure", "compare", "explain", "sort", "filter", "validate", "parse", "render",
            "cache", "log", "retry", "print", "load", "store", "merge", "split",
        ],
        "thing": ["{adjective} {noun}", "{noun}", "{noun} {noun}", "{noun} of {person}"],
        "ident": [
            "{verb}_{noun}", "{noun}_{noun}", "{noun}Id", "is_{adjective}", "{verb}{noun}s", "{noun}Service", "get_{noun}",
        ],
        "path": [
            "src/{noun}/{ident}.ts", "lib/{noun}.py", "tests/test_{noun}.py", "Sources/{noun}/{ident}.swift",
            "docs/{noun}.md", "internal/{noun}/{noun}.go", "/home/user/project/{noun}.json", "app/{noun}s/{ident}.rb",
            "README.md", "package.json", "crates/{noun}/src/lib.rs",
        ],
        "version": ["{#1}.{#1}.{#1}", "{#1}.{#2}.0", "0.{#1}.{#2}"],
        "url": ["https://{domain}/{noun}/{#4}", "https://www.{domain}/{noun}s?page={#1}", "http://localhost:{#4}/{noun}"],
        "fact": [
            "The {thing} was finished in {month}.", "Most of the {noun}s come from {city}.",
            "{person} opened the {thing} on {date}.", "About {#2} percent of the {noun}s were {adjective}.",
            "The {noun} is {adjective}, and the {noun} is not.", "In {city}, the {thing} costs {#2} euros.",
            "A {noun} has {#1} parts and one {noun}.", "Nobody expected the {thing} to become so {adjective}.",
            "After {month}, the {noun} moved to {city}.", "The team compared the {thing} with the {thing}.",
            "It took {#2} minutes to {verb} the {noun}.", "Visitors can see the {thing} from {time} on.",
            "The price of the {noun} rose by {#1} percent.", "Our {noun} supports every {adjective} {noun}.",
            "Researchers at {city} measured the {thing} again.", "We plan to {verb} the {thing} next {weekday}.",
            "The {noun} didn't change, but the {noun} did.", "You can {verb} a {noun} in three steps.",
        ],
        "paragraph": ["{fact} {fact} {fact}", "{fact} {fact}", "{fact} {fact} {fact} {fact} {fact}"],
        // What a data set adds: whole harmless texts.
        "quoted": ["{paragraph}"],
    ])
}
