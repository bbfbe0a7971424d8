import Artifacts
import Imaging
import Platform

/// Values that a script in Tests/Golden took from a reference library.
struct Golden {
  let file: SafetensorsFile

  init(_ name: String, here: String = #filePath) throws {
    file = try SafetensorsFile(Files.join(Files.parent(of: here), "Golden/\(name).safetensors"))
  }

  /// The names that hold a case, without those of its parts.
  var cases: [String] { file.entries.map(\.name).filter { !$0.hasSuffix(".pixels") } }

  func bytes(_ name: String) throws -> [UInt8] {
    Array(file.bytes(try file.require(name, .uint8)))
  }

  func image(_ name: String) throws -> Image {
    let entry = try file.require(name, .uint8, shape: [nil, nil, nil])
    return Image(
      width: entry.shape[1], height: entry.shape[0], channels: entry.shape[2],
      pixels: Array(file.bytes(entry)))
  }

  func floats(_ name: String) throws -> [Float] {
    try file.floats(try file.require(name, .float32))
  }
}

/// The largest and the mean difference of two pictures' samples.
func difference(_ a: Image, _ b: Image) -> (largest: Int, mean: Double) {
  guard a.width == b.width, a.height == b.height, a.channels == b.channels else {
    return (Int.max, .infinity)
  }
  let differences = zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }
  return (
    differences.max() ?? 0, Double(differences.reduce(0, +)) / Double(max(1, differences.count))
  )
}

/// Equality that a failing expectation reports as false, without printing thousands of samples.
func same<T: Equatable>(_ a: T, _ b: T) -> Bool { a == b }
