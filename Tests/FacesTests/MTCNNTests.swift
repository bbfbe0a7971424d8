import Artifacts
import Faces
import Glibc
import Imaging
import Platform
import Testing

/// The public test data, where FERRY_TEST_DATA names its folder.
enum TestData {
  static let folder: String? = getenv("FERRY_TEST_DATA").map { String(cString: $0) }

  static func path(_ name: String) throws -> String {
    Files.join(try #require(folder, "set FERRY_TEST_DATA to the folder of test data"), name)
  }
}

/// The detector against facenet-pytorch 2.6.0 on real photos (Tests/Golden/mtcnn.py).
@Suite(.enabled(if: TestData.folder != nil, "FERRY_TEST_DATA is not set"))
struct MTCNNTests {
  private let folder: TemporaryDirectory
  private let weights: String

  init() throws {
    folder = try TemporaryDirectory("mtcnn-weights")
    weights = try TestData.path("mtcnn/raw-float32")
  }

  /// Every fifth of London's photos, so that the test takes seconds; all of the others.
  private func photos() throws -> [(name: String, faces: [[Double]])] {
    let golden = try JSONValue.read(
      Files.join(Files.parent(of: #filePath), "Golden/mtcnn.json"))
    let members = try #require(golden.object).sorted { $0.key < $1.key }
    return members.enumerated().filter { index, member in
      !member.key.hasPrefix("london_512") || index % 5 == 0
    }.map { ($0.element.key, ($0.element.value.array ?? []).compactMap(\.numbers)) }
  }

  private func detect(_ name: String, _ detector: MTCNN, threads: Int = 1) throws -> [DetectedFace]
  {
    let path = try TestData.path("faces/\(name)")
    return try detector.detect(Image.decode(Files.read(path), name: name), threads: threads)
  }

  private func overlap(_ a: [Double], _ b: [Double]) -> Double {
    let width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    let height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    let (first, second) = ((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / (first + second - width * height)
  }

  @Test func facesAgreeWithThePeer() throws {
    let detector = try MTCNN(weights: weights)
    let photos = try photos()
    #expect(photos.count > 50)
    var distances: [Double] = []
    for (name, expected) in photos {
      let found = try detect(name, detector)
      #expect(found.count == expected.count, "\(name)")
      for (face, row) in zip(found, expected) {
        // The two implementations differ in the order of their sums alone.
        #expect(overlap(face.box, Array(row[..<4])) >= 0.95, "\(name)")
        #expect(abs(face.score - row[4]) <= 1e-3, "\(name)")
        for (index, point) in face.points.all.enumerated() {
          let (dx, dy) = (point.x - row[5 + 2 * index], point.y - row[6 + 2 * index])
          distances.append((dx * dx + dy * dy).squareRoot())
        }
      }
    }
    distances.sort()
    let median = try #require(distances.isEmpty ? nil : distances[distances.count / 2])
    #expect(median <= 1 && (distances.last ?? 99) <= 2, "median \(median), \(distances.suffix(3))")
  }

  @Test func thePublishedFaceIsFound() throws {
    let published = try JSONValue.read(try TestData.path("faces/EXPECTED_mtcnn_outputs.json"))
    let row = try #require(published["ipazc-mtcnn/ivan.jpg"]?.array?.first)
    let box = try #require(row["box"]?.numbers)
    let detector = try MTCNN(weights: weights)
    let face = try #require(try detect("ipazc-mtcnn/ivan.jpg", detector).first)
    // Published by another implementation, with other resampling: 4 px of 63 in height.
    #expect(overlap(face.box, [box[0], box[1], box[0] + box[2], box[1] + box[3]]) >= 0.8)
    let eye = try #require(row["left_eye"]?.numbers)
    #expect(abs(face.points.leftEye.x - eye[0]) <= 2 && abs(face.points.leftEye.y - eye[1]) <= 2)
    #expect(try detect("ipazc-mtcnn/no-faces.jpg", detector).isEmpty)
  }

  @Test func threadsChangeNothing() throws {
    let detector = try MTCNN(weights: weights)
    let one = try detect("astronaut/astronaut.png", detector)
    #expect(one.count == 1)
    for threads in [2, 3] {
      #expect(try detect("astronaut/astronaut.png", detector, threads: threads) == one)
    }
  }

  @Test func strangeSizesAreTaken() throws {
    var options = MTCNN.Options()
    options.minimumFaceSize = 12
    options.thresholds = [0, 0, 0]
    let detector = try MTCNN(weights: weights, options: options)
    for (width, height) in [(1, 1), (12, 12), (13, 12), (12, 15), (200, 14), (17, 90)] {
      let image = Image(width: width, height: height, channels: 1, filledWith: 77)
      let finite = try detector.detect(image).allSatisfy { $0.box.allSatisfy { $0.isFinite } }
      #expect(finite, "\(width)x\(height)")
    }
  }

  @Test func otherFilesAreRefused() throws {
    let missing = #expect(throws: Fault.self) {
      _ = try MTCNN(weights: folder("nothing"))
    }
    #expect(missing?.code == .missingInput && missing?.remedy?.contains("ferry-import") == true)
    let writer = try SafetensorsWriter(
      folder("other.safetensors"), tensors: [("pnet.conv1.weight", .float32, [1])])
    try writer.append([1] as [Float])
    try writer.finish()
    let other = #expect(throws: Fault.self) {
      _ = try MTCNN(weights: folder("other.safetensors"))
    }
    #expect(other?.remedy?.contains("facenet-pytorch") == true)
  }
}
