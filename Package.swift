// swift-tools-version: 6.2
import PackageDescription

// Rooms and floors: a target may depend only on targets of a lower floor.
// Tests/HouseTests reads this file and every `import` line and holds them to docs/architecture.md.

let strict: [SwiftSetting] =
  Context.environment["FERRY_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)]
let swift: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny")] + strict
// The fuzz programs run readers, no kernels: those need only compile, soon.
let isFuzzing = Context.environment["FERRY_FUZZ"] != nil
let optimisedC: [CSetting] = [
  .unsafeFlags([isFuzzing ? "-O1" : "-O3", "-fno-math-errno", "-Wall", "-Wextra"])
]

// Executables carry the Swift runtime: they start in milliseconds and run where Swift is not
// installed. FERRY_DYNAMIC=1 links it dynamically instead.
let standalone: [LinkerSetting] =
  Context.environment["FERRY_DYNAMIC"] != nil
  ? []
  : [
    .unsafeFlags(
      [
        "-static-stdlib", "-l_FoundationCShims", "-l_FoundationCollections",
        "-lswiftSynchronization",
      ], .when(platforms: [.linux]))
  ]

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// A system library, seen through a module map and nothing else.
func system(_ name: String, _ pkgConfig: String, apt: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/CLibraries/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// A library room.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swift)
}

/// A stage: one folder under Sources/Stages and one executable `ferry-<name>`.
func stage(_ name: String, in folder: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: "ferry-\(name)", dependencies: ["Platform", "StageKit"] + dependencies,
    path: "Sources/Stages/\(folder)", swiftSettings: swift, linkerSettings: standalone)
}

/// A room's tests; `golden`: they have a folder of values taken from a reference library;
/// `computing` is false where they compute nothing themselves, so that optimising them only costs
/// the compiler's time.
func tests(
  _ name: String, _ dependencies: [Target.Dependency], golden: Bool = false,
  computing: Bool = true
) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: ["Platform", "TestSupport"] + dependencies,
    exclude: golden ? ["Golden"] : [],
    swiftSettings: computing ? swift : swift + [.unsafeFlags(["-Onone"])])
}

let package = Package(
  name: "ferry",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ],
  targets: [
    // Floor 0: system libraries and our C.
    system("CYAML", "yaml-0.1", apt: "libyaml-dev"),
    system("CArchive", "libarchive", apt: "libarchive-dev"),
    system("CJPEG", "libjpeg", apt: "libjpeg-dev"),
    system("CPNG", "libpng", apt: "libpng-dev"),
    system("CTIFF", "libtiff-4", apt: "libtiff-dev"),
    system("CWebP", "libwebp", apt: "libwebp-dev"),
    system("CSQLite", "sqlite3", apt: "libsqlite3-dev"),
    system("CCrypto", "libcrypto", apt: "libssl-dev"),
    system("CCurl", "libcurl", apt: "libcurl4-openssl-dev"),
    .target(name: "CKernels", cSettings: optimisedC),
    .target(
      name: "CCodecs", dependencies: ["CJPEG", "CPNG", "CTIFF", "CWebP"], cSettings: optimisedC,
      linkerSettings: [.linkedLibrary("z")]),
    .target(name: "CProcess", cSettings: optimisedC),
    .target(name: "CTransfer", dependencies: ["CCurl"], cSettings: optimisedC),
    room("Platform", []),
    // Floor 1.
    room("Artifacts", ["Platform", "CCrypto"]),
    room("Archives", ["Platform", "CArchive"]),
    room("YAML", ["Platform", "CYAML"]),
    room("Tensors", ["Platform", "CKernels"]),
    room("Imaging", ["Platform", "CCodecs"]),
    room("Plotting", ["Platform"]),
    room("Projection", ["Platform"]),
    room("ONNX", ["Platform"]),
    // Floor 2.
    room("Neural", ["Platform", "Tensors", "Artifacts"]),
    room("PipelineKit", ["Platform", "Artifacts", "YAML", "CSQLite", "CProcess"]),
    room("StageKit", ["Platform", "Artifacts", "YAML", arguments]),
    room("Downloads", ["Platform", "Artifacts", "CTransfer"]),
    room("Weights", ["Platform", "Artifacts", "Archives"]),
    room("Samples", ["Platform", "Artifacts", "Imaging"]),
    // Floor 3.
    room("Datasets", ["Platform", "Samples", "Imaging", "Artifacts", "Archives"]),
    room("Metrics", ["Platform", "Samples", "Imaging", "Artifacts"]),
    room("Faces", ["Platform", "Weights", "Imaging", "CKernels"]),
    room("Language", ["Platform", "Neural", "Tensors", "Artifacts", "Archives"]),
    room("Portraits", ["Platform", "Imaging"]),
    room(
      "Networks",
      ["Platform", "Neural", "Weights", "Tensors", "Imaging", "Artifacts", "ONNX"]),
    // Floor 4.
    room(
      "Methods",
      [
        "Platform", "Samples", "Metrics", "Networks", "Neural", "Tensors", "Imaging", "Artifacts",
      ]),
    room("Reporting", ["Platform", "Samples", "Metrics", "Plotting", "Imaging", "Artifacts"]),
    // Floor 5.
    room(
      "Training",
      [
        "Platform", "Methods", "Samples", "Metrics", "Networks", "Neural", "Tensors", "Imaging",
        "Artifacts",
      ]),
    // Floor 6: the stages.
    stage(
      "synthesize", in: "Synthesize", ["Portraits", "Faces", "Imaging", "Archives", "Artifacts"]),
    stage("ingest", in: "Ingest", ["Datasets", "Samples", "Imaging", "Archives", "Artifacts"]),
    stage("align", in: "Align", ["Faces", "Samples", "Imaging", "Artifacts"]),
    stage("embed", in: "Embed", ["Language", "Methods", "Samples", "Tensors", "Artifacts"]),
    stage("fetch", in: "Fetch", ["Downloads", "Networks", "Weights", "Artifacts"]),
    stage("import", in: "Import", ["Networks", "Weights", "Artifacts"]),
    stage("shard", in: "Shard", ["Samples", "Imaging", "Artifacts"]),
    stage(
      "train", in: "Train",
      [
        "Training", "Methods", "Samples", "Networks", "Neural", "Tensors", "Imaging", "Artifacts",
      ]),
    stage("evaluate", in: "Evaluate", ["Methods", "Samples", "Tensors", "Artifacts"]),
    stage(
      "cross-test", in: "CrossTest", ["Methods", "Metrics", "Samples", "Tensors", "Artifacts"]),
    stage(
      "features", in: "Features",
      [
        "Methods", "Metrics", "Samples", "Networks", "Neural", "Projection", "Imaging", "Tensors",
        "Artifacts",
      ]),
    stage(
      "predict", in: "Predict",
      ["Methods", "Metrics", "Samples", "Faces", "Imaging", "Tensors", "Artifacts"]),
    stage("export", in: "Export", ["Methods", "Samples", "Networks", "ONNX", "Artifacts"]),
    stage("report", in: "Report", ["Reporting", "Samples", "Artifacts"]),
    // Floor 7: the driver.
    .executableTarget(
      name: "ferry", dependencies: ["Platform", "PipelineKit", "Artifacts"],
      path: "Sources/Ferry",
      swiftSettings: swift, linkerSettings: standalone),
    // Measured against the peers by Benchmarks/.
    .executableTarget(
      name: "benchmark-training",
      dependencies: ["Platform", "Networks", "Neural", "Tensors", "Artifacts", "Methods"],
      path: "Benchmarks/Training", swiftSettings: swift, linkerSettings: standalone),
    .executableTarget(
      name: "benchmark-weights", dependencies: ["Platform", "Networks", "Weights"],
      path: "Benchmarks/Weights", swiftSettings: swift, linkerSettings: standalone),
    .executableTarget(
      name: "benchmark-faces", dependencies: ["Platform", "Faces", "Imaging", "Artifacts"],
      path: "Benchmarks/Faces", swiftSettings: swift, linkerSettings: standalone),
    .executableTarget(
      name: "benchmark-language",
      dependencies: ["Platform", "Language", "Networks", "Neural", "Tensors", "Artifacts"],
      path: "Benchmarks/Language", swiftSettings: swift, linkerSettings: standalone),
    // Feeds the readers with damaged files; not a part of the product.
    .executableTarget(
      name: "ferry-fuzz",
      dependencies: [
        "Platform", "Archives", "Artifacts", "Imaging", "Weights", "Language", "Networks",
        "Samples", "Datasets",
      ], path: "Fuzz",
      swiftSettings: swift, linkerSettings: standalone),
    // Helpers that the tests of several rooms share.
    .target(
      name: "TestSupport", dependencies: ["Platform"], path: "Tests/TestSupport",
      swiftSettings: swift),
    // Tests mirror the rooms; HouseTests holds the house itself to its rules.
    tests("House", []),
    tests("Platform", []),
    tests("Artifacts", ["Artifacts"]),
    tests("YAML", ["YAML"]),
    tests("Archives", ["Archives"]),
    tests("Tensors", ["Tensors", "CKernels"]),
    tests("Imaging", ["Imaging", "Artifacts"], golden: true),
    tests("Plotting", ["Plotting"]),
    tests("ONNX", ["ONNX"]),
    tests("Projection", ["Projection", "Artifacts"], golden: true),
    tests("Neural", ["Neural", "Networks", "Tensors", "Artifacts"], golden: true),
    tests("PipelineKit", ["PipelineKit", "Artifacts", "CProcess"], computing: false),
    tests("StageKit", ["StageKit", "Artifacts"]),
    tests("Downloads", ["Downloads", "Artifacts"]),
    tests("Weights", ["Weights", "Networks", "Archives", "Artifacts", "Imaging"], golden: true),
    tests("Faces", ["Faces", "Imaging", "Artifacts"], golden: true),
    tests("Language", ["Language", "Neural", "Tensors", "Artifacts", "Archives"], golden: true),
    tests("Portraits", ["Portraits", "Imaging"]),
    tests("Samples", ["Samples", "Imaging", "Artifacts"]),
    tests("Datasets", ["Datasets", "Samples", "Imaging", "Artifacts", "Archives"]),
    tests("Metrics", ["Metrics", "Samples", "Artifacts"], golden: true),
    tests(
      "Networks",
      [
        "Networks", "Training", "Methods", "Samples", "Neural", "Weights", "ONNX", "Imaging",
        "Tensors", "Artifacts",
      ]),
    tests(
      "Methods",
      ["Methods", "Metrics", "Samples", "Networks", "Neural", "Tensors", "Imaging", "Artifacts"],
      golden: true),
    tests(
      "Training",
      [
        "Training", "Methods", "Metrics", "Samples", "Networks", "Neural", "Tensors", "Imaging",
        "Artifacts",
      ]),
    tests("Reporting", ["Reporting", "Metrics", "Samples", "Artifacts"]),
    tests("EndToEnd", ["Artifacts", "Imaging", "Archives"]),
  ]
)

// With FERRY_FUZZ the fuzz programs bring libFuzzer's own entry point: scripts/fuzz builds them so,
// apart from the rest.
if isFuzzing {
  let settings = swift + [.unsafeFlags(["-parse-as-library"]), .define("LIBFUZZER")]
  let linked: [LinkerSetting] = [.unsafeFlags(["-sanitize=fuzzer,address"])]
  package.targets.append(
    .executableTarget(
      name: "fuzz-weights", dependencies: ["Platform", "Networks", "Weights"],
      path: "Tests/Fuzz/Weights",
      swiftSettings: settings, linkerSettings: linked))
  for target in package.targets where target.name == "ferry-fuzz" {
    target.swiftSettings = settings
    target.linkerSettings = linked
  }
}

// FERRY_ONLY=FacesTests,ferry-align builds those targets and what they need, and nothing else:
// for work on one room.
if let only = Context.environment["FERRY_ONLY"] {
  var wanted: Set<String> = []
  var waiting = only.split(separator: ",").map(String.init)
  while let name = waiting.popLast() {
    guard wanted.insert(name).inserted else { continue }
    for dependency in package.targets.first(where: { $0.name == name })?.dependencies ?? [] {
      switch dependency {
      case .byNameItem(let needed, _), .targetItem(let needed, _): waiting.append(needed)
      default: break
      }
    }
  }
  package.targets.removeAll { !wanted.contains($0.name) }
}
