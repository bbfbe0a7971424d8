import Archives
import Glibc
import Imaging
import Platform
import Testing

/// `ferry-ingest` on sources that were made to hurt: it ends by itself, with an exit status of its own,
/// writes nowhere but its output, and stays within 256 MiB and one picture, of which the kernel gives it
/// no byte more.
@Suite struct HostileInputTests {
  private static let bound = 256 << 20
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory("ferry-hostile") }

  /// How a program ended and the most memory it held.
  private struct End {
    var status: Int32
    var isSignal: Bool
    var peak: Int
  }

  /// The limit is set by a shell that becomes the program.
  private static let limited = "ulimit -d \"$0\" && exec \"$@\""

  /// Runs `ferry-ingest` on a source with at most so many bytes of data, and returns its end.
  private func ingest(_ source: String, _ settings: [String], bytes: Int) throws -> End {
    let program = Program.directory.appendingPathComponent("ferry-ingest").path
    let out = folder("out")
    let words =
      [
        "/bin/sh", "-c", Self.limited, "\(bytes >> 10)", program, "run", "--in",
        "archive=\(source)", "--out", "samples=\(out)", "--replace",
      ]
      + ["--threads", "2"] + settings.flatMap { ["--set", $0] }
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for stream in [STDOUT_FILENO, STDERR_FILENO] {
      posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0)
    }
    var child: pid_t = 0
    try #require(posix_spawn(&child, "/bin/sh", &actions, nil, &arguments, environ) == 0)
    var status: Int32 = 0
    var peak = 0
    while waitpid(child, &status, WNOHANG) == 0 {
      peak = max(peak, Self.peak(of: child))
      usleep(1000)
    }
    return End(status: status >> 8 & 0xFF, isSignal: status & 0x7F != 0, peak: peak)
  }

  /// The most memory that a running process has held so far, in bytes.
  ///
  /// `wait4` would count the memory of the test's own process, which the child had until it became
  /// another program.
  private static func peak(of process: pid_t) -> Int {
    guard let file = fopen("/proc/\(process)/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if text.hasPrefix("VmHWM:") { return (Int(text.filter(\.isNumber)) ?? 0) << 10 }
    }
    return 0
  }

  private func expectRefusal(
    _ source: String, _ settings: [String] = ["dataset=image-folder"], picture: Int = 0,
    _ name: String = #function
  ) throws {
    let end = try ingest(source, settings, bytes: Self.bound + picture)
    #expect(!end.isSignal && end.peak > 0, "\(name)")
    #expect([0, 64, 65, 66].contains(end.status), "\(name): status \(end.status)")
    #expect(end.peak <= Self.bound + picture, "\(name): \(end.peak >> 20) MiB")
    #expect(Set(try Files.list(folder.path)).isSubset(of: ["out", "source", "inner"]))
  }

  @Test func zipsOfZeros() throws {
    let zeros = [UInt8](repeating: 0, count: 40 << 20)
    let writer = try ArchiveWriter(folder("source"), packing: .deflate)
    for number in 0..<4 { try writer.add("fear/\(number).jpg", zeros) }
    try writer.finish()
    try expectRefusal(folder("source"))
  }

  @Test func zipsOfZipsOfZeros() throws {
    var bytes = [UInt8](repeating: 0, count: 30 << 20)
    for level in 0..<3 {
      let writer = try ArchiveWriter(folder("inner"), packing: .deflate)
      for number in 0..<3 { try writer.add("\(number).\(level == 0 ? "jpg" : "zip")", bytes) }
      try writer.finish()
      bytes = try Files.read(folder("inner"))
    }
    try Files.write(bytes, to: folder("source"))
    try expectRefusal(folder("source"))
  }

  /// The limit is real: with less than it needs to begin with, the program does not end well.
  @Test func theKernelHoldsTheLimit() throws {
    let writer = try ArchiveWriter(folder("source"), packing: .store)
    try writer.add("fear/a.png", try Image(width: 8000, height: 8000, channels: 3).png(level: 1))
    try writer.finish()
    let end = try ingest(folder("source"), ["dataset=image-folder"], bytes: 16 << 20)
    #expect(end.isSignal || end.status != 0)
    #expect(end.peak < 128 << 20)
  }

  @Test func picturesWhoseHeadersClaimAnything() throws {
    let image = Image(width: 64, height: 64, channels: 3)
    var jpeg = try image.jpeg()
    let start = try #require(
      jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    for offset in 5...8 { jpeg[start + offset] = 0xFE }
    var png = try image.png()
    png.replaceSubrange(16..<24, with: [0, 1, 0, 0, 0, 1, 0, 0])
    let long = [UInt8](repeating: 0x7F, count: 3)
    let bmp = Array("BM".utf8) + [UInt8](repeating: 0, count: 8) + [54, 0, 0, 0, 40, 0, 0, 0]
    let body = bmp + [0] + long + [0] + long + [1, 0, 24, 0] + [UInt8](repeating: 0, count: 99)
    let writer = try ArchiveWriter(folder("source"), packing: .deflate)
    for (name, bytes) in [("a.jpg", jpeg), ("b.png", png), ("c.bmp", body)] {
      try writer.add("fear/\(name)", bytes)
    }
    try writer.finish()
    try expectRefusal(folder("source"))
  }

  @Test func onePictureAtTheLimit() throws {
    // 8192 x 8192 is the most that is decoded; two of them must not be decoded at once.
    let writer = try ArchiveWriter(folder("source"), packing: .store)
    for number in 0..<2 {
      let image = Image(width: 8192, height: 8192, channels: 1, filledWith: UInt8(number))
      try writer.add("fear/\(number).png", try image.png(level: 1))
    }
    try writer.finish()
    try expectRefusal(folder("source"), picture: 8192 * 8192)
  }

  /// A list, what its lines say, and the dataset that reads it.
  static let lists: [(dataset: String, path: String, header: String, line: String)] = [
    ("rafdb", "list_patition_label.txt", "", "train_00001.jpg 5\n"),
    ("affectnet", "training.csv", "", "1/a.jpg,,,,,,1,,\n"),
    ("affectnet", "validation.csv", "", "1/a.jpg,,,,,,9,,\n"),
    ("fer2013", "fer2013.csv", "emotion,pixels,Usage\n", "1,1,Training\n"),
    ("dfew", "train(single-labeled)/set_1.csv", "", "1,1\n"),
    ("ferv39k", "train_All.csv", "", "1 Sad\n"),
    ("mafw", "single/no_caption/set_1/train.txt", "", "1.mp4 anger\n"),
    ("image-table", "l.csv", "path,label\n", "a,b\n"),
    ("image-table", "wide.csv", "", "a,"),
  ]

  @Test(arguments: lists.indices)
  func listsOfLabelsWithoutEnd(_ index: Int) throws {
    let (dataset, path, header, line) = Self.lists[index]
    // As long as a list of its kind may be, and longer.
    for size in [7 << 20, 60 << 20] {
      var list = Array(header.utf8)
      list.reserveCapacity(size + 1 << 16)
      let part = Array(String(repeating: line, count: 4096).utf8)
      while list.count < size { list.append(contentsOf: part) }
      let writer = try ArchiveWriter(folder("source"), packing: .deflate)
      try writer.add("1/a.jpg", [1])
      try writer.add(path, list)
      try writer.finish()
      let fold = ["dfew", "mafw"].contains(dataset) ? ["fold=1"] : []
      try expectRefusal(
        folder("source"),
        ["dataset=\(dataset)", "accept_terms=true", "accept_counts=true"] + fold, picture: 0, path)
    }
  }

  /// Archives and pictures that other projects collected for their own traps.
  @Test(.enabled(if: getenv("FERRY_TEST_DATA") != nil, "FERRY_TEST_DATA is not set"))
  func collectedSources() throws {
    let root = String(cString: getenv("FERRY_TEST_DATA"))
    var tried = 0
    for group in ["zip2", "zip2/legacy", "ZIPFoundation"] {
      let here = Files.join(root, "fixtures/archives/\(group)")
      for name in try Files.list(here) where name.hasSuffix(".zip") {
        try expectRefusal(Files.join(here, name), name)
        tried += 1
      }
    }
    for folder in ["faces/pillow", "fixtures/pngsuite", "fixtures/jpeg"] {
      try expectRefusal(Files.join(root, folder), picture: 64 << 20, folder)
      tried += 1
    }
    #expect(tried > 70)
  }

  private func expectRefusal(_ source: String, _ name: String) throws {
    try expectRefusal(source, ["dataset=image-folder"], picture: 0, name)
  }

  private func expectRefusal(_ source: String, picture: Int, _ name: String) throws {
    try expectRefusal(source, ["dataset=image-folder"], picture: picture, name)
  }
}
