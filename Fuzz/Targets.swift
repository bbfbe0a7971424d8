import Archives
import Artifacts
import Expressions
import Imaging
import Platform

/// A reader to feed: how it reads, and good files to start from.
struct FuzzTarget: Sendable {
  var name: String
  var summary: String
  var corpus: @Sendable () throws -> [[UInt8]]
  var read: @Sendable ([UInt8]) throws -> Void

  /// To add a target, add it here.
  static let all: [FuzzTarget] =
    [
      FuzzTarget(
        name: "archive", summary: "zip, tar, tar.gz, tar.xz, 7z", corpus: { try archives() },
        read: { bytes in
          let folder = try TemporaryDirectory("ferry-fuzz")
          try Files.write(bytes, to: folder("source.bin"))
          var limits = ArchiveLimits()
          limits.bytesPerEntry = 1 << 20
          limits.entries = 10_000
          _ = try ArchiveReader.open(folder("source.bin"), limits: limits).visit {
            _ = try? $0.read()
          }
        }),
      FuzzTarget(
        name: "picture", summary: "JPEG, PNG, TIFF and WebP decoding",
        corpus: { try [picture().jpeg(), picture().png()] + stored(["tif", "webp"]) },
        read: decode),
      FuzzTarget(
        name: "bmp", summary: "the BMP decoder",
        corpus: { try stored(["bmp"]) }, read: decode),
      FuzzTarget(
        name: "npy", summary: "NumPy annotations",
        corpus: { [npy("<U3", "(2,)", 24), npy("<f8", "()", 8), npy("<i4", "(3,)", 12)] },
        read: { bytes in _ = try NPYArray(bytes, file: "array.npy") }),
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

  private static let decode: @Sendable ([UInt8]) throws -> Void = { bytes in
    _ = try? PictureNotes(bytes)
    _ = try Image.decode(bytes, name: "picture", maximumPixels: 1 << 20)
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
    return try formats.map { format in
      let writer = try ArchiveWriter(folder("archive"), format: format, packing: .deflate)
      try writer.add("a/one.txt", text: String(repeating: "one ", count: 50))
      try writer.add("two.bin", (0..<300).map { UInt8(truncatingIfNeeded: $0 * $0) })
      try writer.finish()
      return try Files.read(folder("archive"))
    }
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
