// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
  .enableUpcomingFeature("ExistentialAny"),
  // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
  .enableUpcomingFeature("InternalImportsByDefault"),
  // Functions that lend a span say how long it lives.
  .enableExperimentalFeature("Lifetimes"),
]

// What each dependency is for.
let arguments = Target.Dependency.product(  // the command line: parsing, help, errors
  name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(  // signatures: ECDSA, EdDSA, HMAC
  name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(  // signatures: RSA
  name: "CryptoExtras", package: "swift-crypto")
let deque = Target.Dependency.product(  // the turns of streams that are behind
  name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(  // the order of timers
  name: "HeapModule", package: "swift-collections")
let logging = Target.Dependency.product(  // log lines: levels, handlers, metadata
  name: "Logging", package: "swift-log")
let system = Target.Dependency.product(  // errno and file paths as types
  name: "SystemPackage", package: "swift-system")

let package = Package(
  name: "weir",
  products: [.executable(name: "weir", targets: ["CLI"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
  ],
  targets: [
    .systemLibrary(name: "CLinux"),
    .systemLibrary(
      name: "CFCGI", pkgConfig: "fcgi", providers: [.apt(["libfcgi-dev"])]),
    // libcurl's header; the library is loaded when it is first needed.
    .systemLibrary(name: "CCURL", providers: [.apt(["libcurl4-openssl-dev"])]),
    .target(name: "Kernel", dependencies: ["CLinux", system], swiftSettings: settings),
    .target(name: "EventStream", swiftSettings: settings),
    .target(name: "JSONText", swiftSettings: settings),
    // toml++, a header of Debian's libtomlplusplus-dev: nothing is linked. TOMLKit, which brings a copy of it,
    // tells the place of a fault in the text, but not that of a value.
    .target(name: "CTOML"),
    .target(name: "TOMLText", dependencies: ["CTOML"], swiftSettings: settings),
    .target(
      name: "Access", dependencies: ["JSONText", "Kernel", "TOMLText", system],
      swiftSettings: settings),
    .target(
      name: "Signatures", dependencies: ["Access", crypto, cryptoExtras], swiftSettings: settings),
    .target(
      name: "FileQueue", dependencies: ["EventStream", "Kernel", system],
      swiftSettings: settings),
    .target(name: "FastCGI", dependencies: ["CFCGI", "Kernel", system], swiftSettings: settings),
    .target(
      name: "Figures", dependencies: ["FileQueue", "Kernel", system], swiftSettings: settings),
    .target(
      name: "Streaming",
      dependencies: [
        "EventStream", "FastCGI", "Figures", "FileQueue", "Kernel", deque, heap, logging,
      ],
      swiftSettings: settings),
    .target(
      name: "Hub",
      dependencies: [
        "Access", "EventStream", "FastCGI", "Figures", "FileQueue", "JSONText", "Kernel",
        "Streaming", deque, logging, system,
      ],
      swiftSettings: settings),
    .target(name: "HTTPClient", dependencies: ["CCURL", "Kernel"], swiftSettings: settings),
    .target(name: "Diagnosis", swiftSettings: settings),
    .executableTarget(
      name: "CLI",
      dependencies: [
        "Access", "Diagnosis", "EventStream", "FastCGI", "Figures", "FileQueue", "HTTPClient",
        "Hub", "JSONText",
        "Kernel", "Signatures", "TOMLText", arguments, logging, system,
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "LoadGenerator",
      dependencies: ["EventStream", "FileQueue", "Kernel", arguments, system],
      path: "Tests/Benchmarks/LoadGenerator", swiftSettings: settings),
    .executableTarget(
      name: "QueueBenchmark",
      dependencies: ["EventStream", "FileQueue", "Kernel", arguments, system],
      path: "Tests/Benchmarks/QueueBenchmark", swiftSettings: settings),
    .executableTarget(
      name: "QueueProbe", dependencies: ["EventStream", "FileQueue", "Kernel", arguments, system],
      path: "Tests/QueueProbe", swiftSettings: settings),
    .target(
      name: "Support", dependencies: [system], path: "Tests/Support", swiftSettings: settings),
    .testTarget(
      name: "KernelTests", dependencies: ["Kernel", "Support", system], swiftSettings: settings),
    .testTarget(
      name: "EventStreamTests", dependencies: ["EventStream", "Support"], swiftSettings: settings),
    .testTarget(
      name: "JSONTextTests", dependencies: ["JSONText", "Support"], swiftSettings: settings),
    .testTarget(
      name: "TOMLTextTests", dependencies: ["Support", "TOMLText"], swiftSettings: settings),
    .testTarget(
      name: "AccessTests", dependencies: ["Access", "Support", system], swiftSettings: settings),
    .testTarget(
      name: "SignaturesTests",
      dependencies: ["Access", "Signatures", "Support", crypto, cryptoExtras, system],
      swiftSettings: settings),
    .testTarget(name: "DiagnosisTests", dependencies: ["Diagnosis"], swiftSettings: settings),
    .testTarget(
      name: "FileQueueTests",
      dependencies: ["EventStream", "FileQueue", "Kernel", "Support", system],
      swiftSettings: settings),
    .testTarget(
      name: "FastCGITests", dependencies: ["FastCGI", "Kernel", "Support", system],
      swiftSettings: settings),
    .testTarget(
      name: "FiguresTests", dependencies: ["Figures", "FileQueue", "Kernel", "Support", system],
      swiftSettings: settings),
    .testTarget(
      name: "StreamingTests",
      dependencies: [
        "EventStream", "FastCGI", "Figures", "FileQueue", "Kernel", "Streaming", "Support", logging,
        system,
      ],
      swiftSettings: settings),
    .testTarget(
      name: "HubTests",
      dependencies: [
        "Access", "FastCGI", "Figures", "FileQueue", "Hub", "Kernel", "Streaming", "Support",
      ],
      swiftSettings: settings),
  ],
  cxxLanguageStandard: .cxx17
)

// The sanitizers look at weir's modules (Tests/run): they are built without the programs, and without what only
// these link: BoringSSL takes minutes.
if Context.environment["WEIR_MODULES_ONLY"] == "1" {
  package.products = []
  package.targets.removeAll { target in
    [
      "CLI", "LoadGenerator", "QueueBenchmark", "QueueProbe", "Signatures", "SignaturesTests",
    ].contains(target.name)
  }
}
