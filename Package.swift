// swift-tools-version: 6.2
import PackageDescription

// The layers, from the ground up; arrows only point down. `Scripts/boundaries.py`
// holds these boundaries in CI, ARCHITECTURE.md explains them.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // A call stays on its caller's executor: a request that runs on one event
    // loop anyway would ask at every call and return where to go on.
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// The modules that every request and every byte of a stream pass. Their objects
// belong to one event loop each; the check at run time that no two accesses to
// a property overlap cost a tenth of a request. The build under the address
// sanitizer (`make test-long`) keeps it.
let dataPlane: Set = [
    "Wire", "Conversation", "DialectOpenAI", "DialectAnthropic", "DialectResponses", "DialectBedrock", "Routing",
    "Failures", "Resilience", "Continuation",
    "Access", "Extraction", "Supervision", "Gateway", "FrontDoor", "Providers", "Telemetry",
]
let unchecked: [SwiftSetting] =
    Context.environment["HOLDFAST_CHECKED"] == nil
    ? [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))] : []

// Names for products of other packages.
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioExtras = Target.Dependency.product(name: "NIOExtras", package: "swift-nio-extras")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let atomics = Target.Dependency.product(name: "Atomics", package: "swift-atomics")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func module(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, resources: resources,
        swiftSettings: dataPlane.contains(name) ? strict + unchecked : strict)
}

// Tests run the optimized program. Their own code is compiled without
// optimization: that takes half the time, and they are a third of the build.
let unoptimized: [SwiftSetting] = [.unsafeFlags(["-Onone"], .when(configuration: .release))]

func suite(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: ["Seeded"] + dependencies, swiftSettings: strict + unoptimized)
}

let package = Package(
    name: "holdfast",
    products: [
        .executable(name: "holdfast", targets: ["holdfast"]),
        .executable(name: "holdfast-verify", targets: ["holdfast-verify"]),
        .executable(name: "holdfast-measure", targets: ["holdfast-measure"]),
        .executable(name: "holdfast-train", targets: ["holdfast-train"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-atomics", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // 0: values and bytes
        .target(name: "CLinux"),
        .target(name: "CInflate", linkerSettings: [.linkedLibrary("z")]),
        module("Encodings", []),
        module("Files", [system]),
        module("Wire", ["Encodings", nioCore]),
        module("Conversation", ["Encodings", "Wire", nioCore, crypto]),
        module("Signing", ["Encodings", "Wire", crypto, asn1, nioCore]),
        module("AWSSigning", ["Encodings", "Wire", crypto, nioCore]),

        // 1: pure, no I/O
        module("DialectOpenAI", ["Conversation", "Encodings", "Wire", nioCore]),
        module("DialectAnthropic", ["Conversation", "Encodings", "Wire", nioCore]),
        // The same errors, and the same rules for schemas.
        module("DialectResponses", ["Conversation", "DialectOpenAI", "Encodings", "Wire", crypto, nioCore]),
        // InvokeModel carries Anthropic's bodies.
        module("DialectBedrock", ["Conversation", "DialectAnthropic", "Encodings", "Wire", nioCore]),
        module("Routing", ["Conversation"]),
        module("Failures", ["Conversation", "Encodings", "Wire", nioCore]),
        module("Resilience", ["Failures"]),
        module("Continuation", ["Conversation", "Wire", nioCore]),
        module("Drills", ["Failures", "Wire", nioCore]),
        module("Access", ["AWSSigning", "Conversation", "Encodings", atomics, crypto]),
        module("Ledger", ["Encodings", crypto]),
        module("Availability", ["Wire", nioCore]),
        module("WeightFormats", ["Encodings"]),
        module("Extraction", ["Conversation"]),
        module("Supervision", ["Conversation", "Encodings", crypto]),
        module("Storage", []),
        module("Veto", ["Encodings", "Signing", "Wire", crypto, nioCore]),
        module("WeightSigning", ["Encodings", "Signing", "Wire", crypto, x509, asn1, nioCore]),

        // 2: a request's life
        module(
            "Gateway",
            [
                "Conversation", "Encodings", "Wire", "Routing", "Access", "Failures", "Resilience", "Continuation",
                "Drills", "Extraction", "Supervision", "Veto", atomics, metrics, nioCore,
            ]),

        // The material and the training of the supervisor's first stage: no part of
        // the program that is installed.
        module("SupervisionTraining", ["Supervision"]),

        // 3: the outside world
        module(
            "FrontDoor",
            [
                "AWSSigning", "Gateway", "Conversation", "Encodings", "Failures", "Wire", "Access", "Routing", atomics,
                hummingbird,
                hummingbirdCore, hummingbirdTLS, httpTypes, lifecycle, logging, nioCore, nioHTTP1, nioPosix, nioSSL,
            ]),
        module(
            "Providers",
            [
                "CInflate", "Encodings", "Gateway", "Wire", atomics, nioCore, nioPosix, nioHTTP1, nioSSL, nioTLS,
                nioExtras,
            ]),
        module("Custody", ["CLinux", "Files", "WeightFormats", "Wire", crypto, nioCore]),
        module(
            "EngineHost",
            ["CLinux", "Custody", "Files", asyncHTTPClient, subprocess, system, logging, nioCore, nioHTTP1],
            resources: ["confinement", "install_engine", "install_supervisor", "launch_engine"].map {
                .embedInCode("Resources/\($0).py")
            }),
        module(
            "Settings",
            [
                "AWSSigning", "Access", "Availability", "Conversation", "Encodings", "Files", "Ledger", "Routing",
                "Supervision",
                "Veto", yams,
            ],
            resources: ["amazon-bedrock", "azure-openai", "google-gemini"].map {
                .embedInCode("Contracts/\($0).yaml")
            } + [.embedInCode("Supervision/constitution.yaml")]),
        module("StorageSQLite", ["Files", "Storage", grdb]),
        module("VetoSpool", ["Encodings", "Files", crypto]),
        module(
            "CloudCredentials",
            ["AWSSigning", "Encodings", "Files", "Wire", asyncHTTPClient, subprocess, system, nioCore, nioHTTP1]),
        module("WeightFiles", ["Encodings", "Files", "Signing", "WeightFormats", "WeightSigning"]),
        module("LedgerDisk", ["Files", "Ledger"]),
        module(
            "Telemetry",
            [
                "Supervision", "Encodings", "Files", "Gateway", "Conversation", "Wire", logging, coreMetrics, atomics,
                nioCore,
            ]),

        // 4: the running server
        module("AdminAPI", []),
        module(
            "HoldfastServer",
            [
                "AWSSigning", "Access", "AdminAPI", "Availability", "CLinux", "CloudCredentials", "Conversation",
                "Custody", "DialectAnthropic", "DialectBedrock", "DialectOpenAI", "DialectResponses",
                "Drills", "Encodings", "EngineHost", "Extraction", "Failures", "Files", "FrontDoor", "Gateway",
                "Ledger",
                "LedgerDisk", "Providers", "Resilience", "Routing", "Settings", "Signing", "Storage", "StorageSQLite",
                "Supervision", "Telemetry", "Veto", "VetoSpool",
                "WeightFiles", "WeightFormats", "WeightSigning", "Wire", asyncHTTPClient, coreMetrics, crypto,
                lifecycle,
                logging, nioCore, nioHTTP1, nioPosix, nioSSL, unixSignals,
            ]),

        // 5: the command line
        module(
            "HoldfastCLI",
            [
                "AWSSigning", "Access", "AdminAPI", "Availability", "CLinux", "Conversation", "Custody", "Encodings",
                "EngineHost", "Extraction",
                "Failures", "Files", "HoldfastServer", "Ledger", "LedgerDisk", "Resilience", "Routing", "Settings",
                "Signing", "Storage",
                "StorageSQLite", "Supervision", "Veto", "VetoSpool",
                "WeightFiles", "WeightFormats", "WeightSigning", "Wire", arguments, asyncHTTPClient, crypto, nioCore,
                nioHTTP1, nioPosix, unixSignals,
            ]),

        // 6: the programs
        .executableTarget(name: "holdfast", dependencies: ["HoldfastCLI"], swiftSettings: strict),
        .executableTarget(
            name: "holdfast-verify", dependencies: ["Encodings", "Files", "Ledger", "LedgerDisk", crypto],
            swiftSettings: strict),
        .executableTarget(
            name: "holdfast-measure",
            dependencies: [
                "Availability", "CLinux", "Conversation", "Custody", "Encodings", "Files", "Gateway", "HoldfastServer",
                "Ledger",
                "LedgerDisk", "Providers", "Storage", "StorageSQLite", "Supervision", "Wire", arguments,
                asyncHTTPClient,
                crypto,
                nioCore, nioHTTP1, nioPosix,
            ], swiftSettings: strict),

        .executableTarget(
            name: "holdfast-train",
            dependencies: ["CInflate", "Encodings", "Files", "Supervision", "SupervisionTraining", arguments, crypto],
            swiftSettings: strict),

        // Tests: of one module each, or of what two dialects make of one another
        // (TranslationTests). What several share is in GatewayTesting,
        // StorageTesting and WeightsTesting, chance with a seed in Seeded, and the
        // tables of `docs` in Documented.
        suite("AccessTests", ["Access"]),
        suite("AdminAPITests", ["AdminAPI"]),
        suite(
            "ConversationTests",
            [
                "Conversation", "DialectAnthropic", "DialectBedrock", "DialectOpenAI", "DialectResponses", "Documented",
                "Wire", nioCore,
            ]),
        suite("DialectAnthropicTests", ["DialectAnthropic", "Conversation", "Wire", nioCore]),
        suite("DialectOpenAITests", ["DialectOpenAI", "Conversation", "Wire", nioCore]),
        suite("AWSSigningTests", ["AWSSigning", "Encodings", "Wire", nioCore]),
        suite(
            "CloudCredentialsTests", ["AWSSigning", "CloudCredentials", "Files", "Wire", nioCore, nioPosix, nioHTTP1]),
        suite("DialectResponsesTests", ["DialectResponses", "Conversation", "Wire", nioCore]),
        suite(
            "DialectBedrockTests", ["DialectAnthropic", "DialectBedrock", "Conversation", "Encodings", "Wire", nioCore]),
        suite("CustodyTests", ["Custody", "CLinux", "WeightFormats", "WeightsTesting", crypto]),
        suite(
            "EngineHostTests",
            ["EngineHost", "Custody", "CLinux", "WeightFormats", logging, system, subprocess, nioCore, nioPosix]),
        suite(
            "FuzzTests",
            [
                "DialectAnthropic", "DialectBedrock", "DialectOpenAI", "DialectResponses", "Conversation", "Failures",
                "Wire", nioCore,
            ]),
        suite(
            "FrontDoorTests",
            [
                "Supervision", "Veto",
                "AWSSigning", "GatewayTesting", "FrontDoor", "Gateway", "Conversation", "Wire", "Routing", "Access",
                "DialectOpenAI", "DialectAnthropic", logging, lifecycle, nioCore, nioPosix, nioHTTP1, nioSSL,
            ]),
        suite(
            "GatewayTests",
            [
                "Supervision", "Veto",
                "Documented", "GatewayTesting", "Gateway", "Extraction", "Conversation", "Wire", "Routing", "Access",
                "Failures",
                "Resilience",
                "DialectOpenAI",
                "DialectAnthropic", "DialectBedrock", "DialectResponses", "Telemetry", coreMetrics, nioCore,
                nioEmbedded,
            ]),
        suite("ProvidersTests", ["GatewayTesting", "Providers", "Gateway", "Wire", nioCore, nioPosix, nioSSL]),
        suite(
            "TranslationTests",
            [
                "Documented", "DialectOpenAI", "DialectAnthropic", "DialectBedrock", "DialectResponses", "Continuation",
                "Conversation", "Encodings", "Wire", nioCore,
            ]),
        suite("StorageTests", ["Storage", "StorageSQLite", "StorageTesting", grdb]),
        suite(
            "HoldfastServerTests",
            [
                "Supervision", "Veto",
                "GatewayTesting", "StorageTesting", "WeightsTesting", "HoldfastServer", "Access", "AdminAPI",
                "Availability",
                "Conversation", "Custody", "DialectOpenAI", "Drills", "Encodings", "EngineHost", "Extraction",
                "Failures", "Files", "FrontDoor", "Gateway", "Ledger", "LedgerDisk", "Resilience", "Routing",
                "Settings", "Signing", "Storage", "StorageSQLite", "VetoSpool", "WeightFiles", "WeightSigning", "Wire",
                crypto, logging, nioCore, nioPosix,
            ]),
        suite(
            "HoldfastCLITests",
            [
                "Supervision", "Veto",
                "GatewayTesting", "HoldfastCLI", "HoldfastServer", "Access", "AdminAPI", "Conversation", "Encodings",
                "Files",
                "Ledger", "LedgerDisk", "Routing", "Settings", "Signing", "VetoSpool", arguments, nioCore,
            ]),
        suite(
            "ContinuationTests",
            ["Continuation", "Conversation", "DialectOpenAI", "DialectAnthropic", "Wire", nioCore]),
        suite("DrillsTests", ["Drills", "Failures", "Wire", nioCore]),
        suite("AvailabilityTests", ["Availability", "Wire", nioCore]),
        suite("WeightFormatsTests", ["Encodings", "WeightFormats"]),
        suite("SupervisionTests", ["Supervision", "SupervisionTraining", "Conversation", "Encodings", crypto]),
        suite("ExtractionTests", ["Extraction", "Conversation", "GatewayTesting"]),
        suite("WeightSigningTests", ["Signing", "WeightSigning", "WeightsTesting", "Encodings"]),
        suite("LedgerTests", ["Encodings", "Ledger", "LedgerDisk", crypto]),
        suite("EncodingsTests", ["Encodings"]),
        suite("FilesTests", ["Files", system]),
        suite("FailuresTests", ["Conversation", "Documented", "Encodings", "Failures", "Wire", nioCore]),
        suite("ResilienceTests", ["Documented", "Resilience", "Failures"]),
        suite("RoutingTests", ["Routing", "Conversation"]),
        suite(
            "SettingsTests",
            [
                "Supervision", "Veto", "SupervisionTraining", "Documented", "Settings", "Access", "Files", "Routing",
                "Conversation", "DialectAnthropic", "DialectResponses", "Wire", nioCore, system,
            ]),
        suite(
            "TelemetryTests",
            [
                "Supervision",
                "Encodings", "GatewayTesting", "Telemetry", "Gateway", "Conversation", "Wire", "Access",
                "DialectOpenAI", logging,
                coreMetrics, nioCore,
            ]),
        suite("SigningTests", ["Signing", "Encodings", crypto]),
        suite("VetoTests", ["Documented", "Veto", "Signing", "Encodings", crypto, nioCore]),
        suite("VetoSpoolTests", ["Files", "VetoSpool"]),
        suite("WireTests", ["Encodings", "Seeded", "Wire", nioCore]),
        .target(name: "Documented", path: "Tests/Documented", swiftSettings: strict),
        .target(name: "Seeded", path: "Tests/Seeded", swiftSettings: strict),
        .target(name: "StorageTesting", dependencies: ["Storage"], path: "Tests/StorageTesting", swiftSettings: strict),
        .target(
            name: "WeightsTesting", dependencies: ["Signing", "WeightSigning", crypto, x509, asn1],
            path: "Tests/WeightsTesting",
            swiftSettings: strict),
        .target(
            name: "GatewayTesting",
            dependencies: [
                "Supervision", "Veto",
                "Access", "Conversation", "Extraction", "Gateway", "Resilience", "Routing", "Seeded", "Wire", nioCore,
                nioPosix,
                nioHTTP1, nioSSL,
            ],
            path: "Tests/GatewayTesting", swiftSettings: strict),
    ]
)

// The sanitizers' build holds what is fuzzed and nothing else: all of it would
// take a quarter of an hour more (`make test-long`).
if Context.environment["HOLDFAST_FUZZING_ONLY"] != nil {
    let kept: Set<String> = [
        "Encodings", "Wire", "Conversation", "DialectOpenAI", "DialectAnthropic", "DialectResponses", "DialectBedrock",
        "Failures", "Seeded", "FuzzTests",
    ]
    package.targets = package.targets.filter { kept.contains($0.name) }
    package.products = []
}
