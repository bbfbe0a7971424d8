import Artifacts
import Methods
import Platform
import Samples

/// A face with its class probabilities.
struct PredictedFace: Sendable {
  var source: String
  /// From 1, the largest face first.
  var number: Int
  var face: FoundFace
  /// In the order of the model's classes.
  var probabilities: [Float]

  /// The index of the most probable class.
  var best: Int {
    probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0
  }
}

/// Photos in, probabilities out.
final class Predictor {
  let classes: ClassList
  private let classifier: Classifier
  private let finder: FaceFinder
  private let temperature: Double
  private let threads: Int

  /// Photos that are worked on together: fixed, so that bits do not depend on threads.
  static let batch = 32

  /// - Parameter temperature: divides the logits; 1 leaves the model's own confidence.
  init(_ classifier: Classifier, _ finder: FaceFinder, temperature: Double, threads: Int) {
    classes = classifier.classes
    self.classifier = classifier
    self.finder = finder
    self.temperature = temperature
    self.threads = threads
  }

  /// The faces of up to a batch of photos; `names` stand in the output for `paths`.
  func predict(
    _ paths: [String], names: [String]
  ) throws -> (photos: [PhotoFaces], faces: [PredictedFace]) {
    let finder = finder
    let photos = try Parallel.map(paths.count, threads: threads) {
      try finder.faces(paths[$0], name: names[$0])
    }
    let places = photos.indices.flatMap { photo in
      photos[photo].faces.indices.map { (photo: photo, face: $0) }
    }
    let k = classes.count
    let held = HeldPictures(places.map { photos[$0.photo].faces[$0.face].pixels })
    let logits = try classifier.logits(count: places.count) { held[$0] }
    let probabilities = LabelCrossEntropy.softmax(
      logits.map { $0 / temperature }, classCount: k)
    let faces = places.enumerated().map { row, place in
      PredictedFace(
        source: photos[place.photo].source, number: place.face + 1,
        face: photos[place.photo].faces[place.face],
        probabilities: probabilities[row * k..<(row + 1) * k].map { Float($0) })
    }
    return (photos, faces)
  }
}

/// Pixels that stay in place while a classifier reads them.
private final class HeldPictures {
  private let buffers: [UnsafeMutableBufferPointer<UInt8>]

  init(_ pictures: [[UInt8]]) {
    buffers = pictures.map { pixels in
      let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: pixels.count)
      _ = buffer.initialize(from: pixels)
      return buffer
    }
  }

  subscript(index: Int) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(buffers[index]) }

  deinit { for buffer in buffers { buffer.deallocate() } }
}

/// The photos of a file or folder.
enum Photos {
  private static let endings = [".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp"]

  static func isPhoto(_ name: String) -> Bool {
    let lower = name.lowercased()
    return !name.hasPrefix(".") && endings.contains { lower.hasSuffix($0) }
  }

  /// Paths and names relative to the folder, in order of name.
  ///
  /// - Throws: `Fault` where there are none.
  static func find(_ path: String) throws -> [(path: String, name: String)] {
    guard Files.isDirectory(path) else {
      guard Files.exists(path) else {
        throw Fault(.missingInput, "there is no file or folder '\(path)'")
      }
      return [(path, Files.name(of: path))]
    }
    var found: [(path: String, name: String)] = []
    func visit(_ relative: String) throws {
      for name in try Files.list(Files.join(path, relative)) {
        let inner = relative.isEmpty ? name : "\(relative)/\(name)"
        let full = Files.join(path, inner)
        // Links to folders are not followed: they may lead in a circle.
        switch Files.status(full, followLinks: false)?.kind {
        case .directory: try visit(inner)
        default: if isPhoto(name) { found.append((full, inner)) }
        }
      }
    }
    try visit("")
    guard !found.isEmpty else {
      throw Fault(
        .badInput, "there are no photos in '\(path)'",
        remedy: "photos end in \(endings.joined(separator: ", "))")
    }
    return found
  }
}
