import Artifacts
import Faces
import Glibc
import Imaging
import Platform

/// Detects the faces of photos, for comparisons with other programs.
///
/// `benchmark-faces find` prints one line of JSON a photo: [[x0, y0, x1, y1, score, five points]].
/// `benchmark-faces time` answers each line of standard input with the milliseconds of one pass over
/// the photos, decoded beforehand. Options: weights=, resample=, threads=, clock=processor; then
/// the photos. `benchmark-faces align photo=` answers with the images a second of processor time that
/// are decoded from JPEG of 100 x 100 px, aligned to 112 px and encoded; filter=, format=.
@main struct FacesBenchmark {
  static func main() throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let verb = arguments.isEmpty ? "" : arguments.removeFirst()
    var given = [
      "weights": "", "resample": "adaptive-area", "threads": "1", "clock": "wall", "photo": "",
      "filter": "bilinear", "format": "jpeg",
    ]
    var photos: [String] = []
    for argument in arguments {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2, given[parts[0]] != nil {
        given[parts[0]] = parts[1]
      } else {
        photos.append(argument)
      }
    }
    if verb == "align" { return try align(given) }
    var options = MTCNN.Options()
    options.resampling = DetectorResampling(rawValue: given["resample"] ?? "") ?? .adaptiveArea
    let detector = try MTCNN(weights: given["weights"] ?? "", options: options)
    let images = try photos.map { try Image.decode(try Files.read($0), name: $0) }
    let threads = Int(given["threads"] ?? "") ?? 1
    switch verb {
    case "find":
      for image in images { print(line(try detector.detect(image, threads: threads))) }
    case "time":
      let clock = given["clock"] == "processor" ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC
      while readLine() != nil {
        let start = milliseconds(clock)
        for image in images { _ = try detector.detect(image, threads: threads) }
        print(milliseconds(clock) - start)
        fflush(nil)
      }
    default: throw Fault(.usage, "the first argument is find, time or align")
    }
  }

  /// Alignment as the stage does it, on one thread.
  private static func align(_ given: [String: String]) throws {
    let photo = given["photo"] ?? ""
    let bytes = try Image.decode(try Files.read(photo), name: photo).rgb()
      .resized(width: 100, height: 100).jpeg(quality: 90)
    // A face turned by ten degrees that fills the picture.
    let turn = AffineTransform.rotation(degrees: 10, about: Point(50, 50))
    let points = try FivePoints(FivePoints.template(size: 100).all.map { turn.applied(to: $0) })
    let cutter = FaceCutter(
      size: 112, filter: Image.Filter(rawValue: given["filter"] ?? "") ?? .bilinear)
    while readLine() != nil {
      let (count, start) = (1000, milliseconds(CLOCK_PROCESS_CPUTIME_ID))
      for _ in 0..<count {
        let picture = try Image.decode(bytes, name: photo, as: .asStored)
        let crop = try cutter.align(picture, by: points).image
        _ =
          given["format"] == "png"
          ? try crop.png(level: nil) : try crop.jpeg(quality: 95, chromaSubsampling: .none)
      }
      let passed = milliseconds(CLOCK_PROCESS_CPUTIME_ID) - start
      print("\(Int(Double(count) / passed * 1e3)) images a second of processor time")
      fflush(nil)
    }
  }

  private static func milliseconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
  }

  private static func line(_ faces: [DetectedFace]) -> String {
    let rows = faces.map { face in
      JSONValue(face.box + [face.score] + face.points.all.flatMap { [$0.x, $0.y] })
    }
    return JSONValue.array(rows).canonical
  }
}
