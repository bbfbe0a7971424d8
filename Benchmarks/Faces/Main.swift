import Artifacts
import Faces
import Imaging
import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Detects the faces of photos, for comparisons with other programs.
///
/// `benchmark-faces find` prints one line of JSON a photo: [[x0, y0, x1, y1, score, five points]].
/// `benchmark-faces time` answers each line of standard input with the milliseconds of one pass over
/// the photos, decoded beforehand. Options: weights=, resample=, threads=, clock=processor; then
/// the photos.
@main struct FacesBenchmark {
  static func main() throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let verb = arguments.isEmpty ? "" : arguments.removeFirst()
    var given = ["weights": "", "resample": "adaptive-area", "threads": "1", "clock": "wall"]
    var photos: [String] = []
    for argument in arguments {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2, given[parts[0]] != nil {
        given[parts[0]] = parts[1]
      } else {
        photos.append(argument)
      }
    }
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
    default: throw Fault(.usage, "the first argument is find or time")
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
