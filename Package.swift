// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

let package = Package(
  name: "constat",
  platforms: [.macOS(.v15), .iOS(.v18)],
  products: [
    .executable(name: "constat", targets: ["ConstatCLI"]),
    .library(name: "ConstatDevice", targets: ["ConstatDevice"]),
  ],
  dependencies: [
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "Gzip", dependencies: ["CZlib"], swiftSettings: strict),
    .target(
      name: "Postgres", dependencies: ["CLibPQ", logging, lifecycle, crypto],
      swiftSettings: strict),
    .target(name: "LocalPostgres", dependencies: ["Postgres"], swiftSettings: strict),
    .target(name: "Seeds", swiftSettings: strict),
    .target(name: "ConstatCore", swiftSettings: strict),
    .target(name: "ConstatLedger", dependencies: ["ConstatCore", crypto], swiftSettings: strict),
    .target(name: "ConstatSync", dependencies: ["ConstatCore", crypto], swiftSettings: strict),
    .target(
      name: "ConstatServer",
      dependencies: [
        "ConstatCore", "ConstatLedger", "ConstatSync", "Postgres", "Gzip", hummingbird, logging, lifecycle,
        crypto,
        .product(name: "CryptoExtras", package: "swift-crypto"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Metrics", package: "swift-metrics"), "Yams",
      ], swiftSettings: strict),
    .target(
      name: "ConstatDevice",
      dependencies: [
        "ConstatSync", "ConstatCore", "Gzip", crypto, .product(name: "GRDB", package: "GRDB.swift"),
      ], exclude: ["README.md"], swiftSettings: strict),
    .target(
      name: "ConstatDemo",
      dependencies: [
        "ConstatDevice", "ConstatLedger", "ConstatSync", "ConstatCore",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ], swiftSettings: strict),
    .target(name: "ConstatConformance", dependencies: ["ConstatCore", "Gzip"], swiftSettings: strict),
    .target(
      name: "ConstatSimulation",
      dependencies: [
        "ConstatServer", "ConstatDevice", "ConstatSync", "ConstatCore", "Postgres", "LocalPostgres", "Seeds",
        logging, crypto,
        hummingbird, .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "GRDB", package: "GRDB.swift"),
      ], swiftSettings: strict),
    .executableTarget(
      name: "ConstatCLI",
      dependencies: [
        "ConstatServer", "ConstatConformance", "ConstatDemo", "ConstatSimulation", "ConstatDevice",
        "ConstatLedger",
        "ConstatSync", "ConstatCore",
        "Postgres", "LocalPostgres", logging, lifecycle,
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ], swiftSettings: strict),
    .target(
      name: "Support",
      dependencies: [
        "ConstatServer", "Postgres", "LocalPostgres", "ConstatCore", "Gzip", hummingbird, logging,
        .product(name: "HummingbirdTesting", package: "hummingbird"),
      ], path: "Tests/Support", swiftSettings: strict),
    .testTarget(
      name: "PostgresTests", dependencies: ["Postgres", "Support"], swiftSettings: strict),
    .testTarget(
      name: "ConstatCoreTests", dependencies: ["ConstatCore"], swiftSettings: strict),
    .testTarget(
      name: "ConstatLedgerTests", dependencies: ["ConstatLedger", "ConstatCore"],
      swiftSettings: strict),
    .testTarget(
      name: "ConstatSyncTests", dependencies: ["ConstatSync", "ConstatCore", "Seeds"],
      swiftSettings: strict),
    .testTarget(
      name: "ConstatConformanceTests", dependencies: ["ConstatConformance", "ConstatCore"],
      swiftSettings: strict),
    .testTarget(
      name: "ConstatServerTests",
      dependencies: [
        "ConstatServer", "ConstatLedger", "ConstatSync", "ConstatCore", "Postgres", "Gzip", "Support",
        logging, crypto,
        .product(name: "Metrics", package: "swift-metrics"),
      ], swiftSettings: strict),
    .testTarget(
      name: "ConstatDeviceTests",
      dependencies: [
        "ConstatDevice", "ConstatConformance", "ConstatSync", "ConstatCore", "Gzip", "Seeds", crypto,
      ], swiftSettings: strict),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "ConstatServer", "ConstatDemo", "ConstatSimulation", "ConstatDevice", "ConstatLedger", "ConstatSync",
        "ConstatCore", "Postgres", "Support",
      ], swiftSettings: strict),
    .testTarget(
      name: "ConstatCLITests",
      dependencies: [
        "ConstatCLI", "ConstatConformance", "ConstatCore", "ConstatSimulation", "LocalPostgres", "Postgres",
        "Support",
        logging,
      ],
      swiftSettings: strict),
    .testTarget(name: "ArchitectureTests", swiftSettings: strict),
  ]
)
