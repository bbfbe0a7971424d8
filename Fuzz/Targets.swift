import Archives
import Artifacts
import Datasets
import Imaging
import Platform
import Samples

/// A reader to feed: how it reads, and good files to start from.
struct FuzzTarget: Sendable {
  var name: String
  var summary: String
  var corpus: @Sendable () throws -> [[UInt8]]
  var read: @Sendable ([UInt8]) throws -> Void
  /// Whether every good file is worth being cut at every byte, not only the smallest.
  var cutsAll = false
  /// Whether files of any kind are worth feeding: its reader looks at their first bytes.
  var takesAnyFile = false

  /// To add a target, add it here.
  static let all: [FuzzTarget] =
    [
      FuzzTarget(
        name: "archive", summary: "zip, tar, tar.gz, tar.xz, 7z", corpus: { try archives() },
        read: { try visit($0) }, cutsAll: true, takesAnyFile: true),
      FuzzTarget(
        name: "jpeg", summary: "JPEG decoding, at full and reduced scale, and verification",
        corpus: { try jpegs() }, read: decode),
      FuzzTarget(
        name: "png", summary: "PNG decoding",
        corpus: {
          try [picture().png(), SmallGrey.storedPNG([1, 2, 3, 4, 5, 6], width: 2, height: 3)]
        },
        read: decode),
      FuzzTarget(
        name: "picture", summary: "TIFF and WebP decoding",
        corpus: { try stored(["tif", "webp"]) }, read: decode, takesAnyFile: true),
      FuzzTarget(
        name: "bmp", summary: "the BMP decoder",
        corpus: { try stored(["bmp"]) }, read: decode),
      FuzzTarget(
        name: "npy", summary: "NumPy annotations",
        corpus: { [npy("<U3", "(2,)", 24), npy("<f8", "()", 8), npy("<i4", "(3,)", 12)] },
        read: { bytes in _ = try NPYArray(bytes, file: "array.npy") }, takesAnyFile: true),
      FuzzTarget(
        name: "rows", summary: "rows of an index of samples", corpus: { rows() },
        read: { bytes in
          for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let json = try JSONValue.parse(line, file: "index.jsonl")
            _ = try? FaceRow(json: json)
            _ = try? ClipRow(json: json)
            _ = try SampleRow(json: json)
          }
        }),
    ] + LabelFiles.targets + ModelFiles.targets

  /// What is verified must decode.
  private static let decode: @Sendable ([UInt8]) throws -> Void = { bytes in
    let most = 1 << 20
    _ = try? PictureNotes(bytes)
    _ = try? Image.decode(bytes, name: "picture", maximumPixels: most, noSmallerThan: 8)
    let isVerified = (try? Image.verify(bytes, name: "picture", maximumPixels: most)) != nil
    do { _ = try Image.decode(bytes, name: "picture", maximumPixels: most) } catch {
      precondition(!isVerified, "verified, and does not decode: \(error)")
      throw error
    }
  }

  private static func visit(_ bytes: [UInt8]) throws {
    let folder = try TemporaryDirectory("ferry-fuzz")
    try Files.write(bytes, to: folder("source.bin"))
    var limits = ArchiveLimits()
    limits.bytesPerEntry = 1 << 20
    limits.entries = 10_000
    for passphrase in [nil, "secret"] {
      _ = try ArchiveReader.open(folder("source.bin"), passphrase: passphrase, limits: limits).visit
      {
        _ = try? $0.read()
      }
    }
  }

  /// The paths of the files below a folder, or a file's own.
  static func filesBelow(_ path: String) throws -> [String] {
    guard Files.isDirectory(path) else { return [path] }
    return try ContentDigest.filesBelow(path).map { Files.join(path, $0) }
  }

  /// Grey and in colour, with and without reduced colour, and without an end marker.
  private static func jpegs() throws -> [[UInt8]] {
    let colour = picture()
    let files = [
      try colour.jpeg(), try colour.jpeg(quality: 40, chromaSubsampling: .none),
      try colour.grey().jpeg(),
    ]
    return files + [Array(files[0].dropLast(2))]
  }

  private static func picture() -> Image {
    var image = Image(width: 24, height: 17, channels: 3)
    for index in image.pixels.indices { image.pixels[index] = UInt8(index * 7 % 251) }
    return image
  }

  /// The files that the imaging tests compare with Pillow, by their extensions.
  private static func stored(_ extensions: [String]) throws -> [[UInt8]] {
    let path = "Tests/ImagingTests/Golden/formats.safetensors"
    let file = try SafetensorsFile(path)
    return try file.entries.filter { entry in
      extensions.contains { entry.name.hasSuffix("." + $0) }
    }.map { Array(file.bytes(try file.require($0.name, .uint8))) }
  }

  private static func archives() throws -> [[UInt8]] {
    let folder = try TemporaryDirectory("ferry-fuzz")
    let formats: [ArchiveWriter.Format] = [.zip, .tar, .tarGzip, .tarXz, .sevenZip]
    func files(_ writer: ArchiveWriter) throws -> [UInt8] {
      try writer.add("a/one.txt", text: String(repeating: "one ", count: 50))
      try writer.add("two.bin", (0..<300).map { UInt8(truncatingIfNeeded: $0 * $0) })
      try writer.finish()
      return try Files.read(folder("archive"))
    }
    var all = try formats.map {
      try files(try ArchiveWriter(folder("archive"), format: $0, packing: .deflate))
    }
    let outer = try ArchiveWriter(folder("archive"), packing: .deflate)
    for (name, bytes) in zip(["zip", "tar", "tar.gz", "tar.xz", "7z"], all) where name != "tar" {
      try outer.add("inner.\(name)", bytes)
    }
    try outer.finish()
    all.append(try Files.read(folder("archive")))
    all.append(
      try files(try ArchiveWriter(folder("archive"), encryption: .zipCrypto, "secret")))
    return all
  }

  private static func npy(_ type: String, _ shape: String, _ count: Int) -> [UInt8] {
    let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8)
      + (0..<count).map { $0 % 4 == 0 ? 0x31 : 0 }
  }

  private static func rows() -> [[UInt8]] {
    let sample = SampleRow(
      id: "a", source: "x/a.jpg", split: .train, label: "fear", votes: [1, 2], subject: "S1",
      attributes: ["age": "3"], points: [PicturePoint(1, 2)], box: [1, 2, 3, 4])
    let face = FaceRow(
      sample: sample, landmarks: [PicturePoint(1, 2)], score: 0.5, facesFound: 2,
      policy: "largest", transform: [[1, 0, 2], [0, 1, 3]])
    let clip = ClipRow(id: "1", split: .test, label: "anger", frames: ["1/1", "1/2"])
    return [sample.json, face.json, clip.json].map { $0.canonicalBytes + [0x0A] }
  }
}
