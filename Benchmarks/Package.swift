// swift-tools-version: 6.2
import PackageDescription

// Apart from the main package, so that nobody who builds Holdfast builds this.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "holdfast-benchmarks",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(name: "BenchWire", dependencies: [nioCore], swiftSettings: strict),
        .executableTarget(
            name: "bench-upstream",
            dependencies: ["BenchWire", arguments, nioCore, nioPosix],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bench-load",
            dependencies: ["BenchWire", arguments, nioCore, nioPosix],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bench-relay", dependencies: [arguments, nioCore, nioPosix], swiftSettings: strict),
        .testTarget(name: "BenchWireTests", dependencies: ["BenchWire", nioCore], swiftSettings: strict),
    ]
)
