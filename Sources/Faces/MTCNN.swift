import Imaging
import Platform

/// A face that a detector found.
///
/// Units: px of the picture, taken as facenet-pytorch gives them.
public struct DetectedFace: Sendable, Equatable {
  /// x0, y0, x1, y1.
  public var box: [Double]
  /// 0 to 1.
  public var score: Double
  public var points: FivePoints

  public init(box: [Double], score: Double, points: FivePoints) {
    self.box = box
    self.score = score
    self.points = points
  }

  public var width: Double { box[2] - box[0] }
  public var height: Double { box[3] - box[1] }
}

/// Finds faces and their five points with a cascade of three networks over an image pyramid.
///
/// Equation: Zhang, Zhang, Li, Qiao (2016), "Joint Face Detection and Alignment Using Multitask
/// Cascaded Convolutional Networks", with the details of facenet-pytorch 2.6.0.
public final class MTCNN: Sendable {
  /// The options of the detector.
  public struct Options: Sendable, Equatable {
    /// The least score after each network.
    public var thresholds: [Double] = [0.6, 0.7, 0.7]
    /// The side of the smallest face that is looked for, in px.
    public var minimumFaceSize = 20.0
    /// From one level of the pyramid to the next.
    public var factor = 0.709
    public var resampling = DetectorResampling.adaptiveArea

    public init() {}
  }

  public let options: Options
  /// The location of the public weights, in words for a message.
  public static let whereWeightsAre = CascadeWeights.remedy

  private let proposal: ProposalNetwork
  private let refinement: RefinementNetwork
  private let output: RefinementNetwork

  /// Output rows of P-Net that one task computes, and squares that one task judges: fixed, so that
  /// the work does not depend on the number of threads.
  private static let (bandRows, batch) = (32, 16)

  /// Reads the weights in any of their public forms, or an imported model.
  /// - Throws: `Fault` where they are missing or of another network, and where an option is out of
  ///   range.
  public init(weights path: String, options: Options = Options()) throws {
    guard options.thresholds.count == 3, options.thresholds.allSatisfy({ (0...1).contains($0) })
    else { throw Fault(.usage, "three thresholds of 0 to 1 are wanted") }
    guard options.minimumFaceSize >= 12, (0.1...0.95).contains(options.factor) else {
      throw Fault(
        .usage, "the least face is 12 px or more, the pyramid's factor 0.1 to 0.95")
    }
    let weights = try CascadeWeights(path)
    self.options = options
    proposal = try ProposalNetwork(weights)
    refinement = try .refinement(weights)
    output = try .output(weights)
  }

  /// The faces in a picture, largest first; grey counts as colour.
  /// - Parameter threads: threads to use; the result does not depend on it.
  public func detect(_ image: Image, threads: Int = 1) throws -> [DetectedFace] {
    let colour = image.rgb()
    return try colour.pixels.withUnsafeBufferPointer { pixels in
      guard let base = pixels.baseAddress else { return [] }
      let picture = Picture(
        sampler: AreaSampler(base, width: image.width, resampling: options.resampling),
        width: image.width, height: image.height, threads: threads)
      var boxes = try proposals(picture)
      for index in boxes.indices {
        boxes[index].correct(extra: 0)
        boxes[index].makeSquare()
      }
      boxes = try judged(boxes, by: refinement, threshold: options.thresholds[1], in: picture)
      boxes = suppressed(boxes, above: 0.7, by: .union)
      for index in boxes.indices {
        boxes[index].correct(extra: 1)
        boxes[index].makeSquare()
      }
      boxes = try judged(boxes, by: output, threshold: options.thresholds[2], in: picture)
      return try faces(boxes)
    }
  }

  private struct Picture: Sendable {
    var sampler: AreaSampler
    var width: Int
    var height: Int
    var threads: Int
  }

  /// The levels on which a face of the least size and larger ones are 12 px wide.
  private func levels(_ picture: Picture) -> [ProposalNetwork.Level] {
    let window = Double(ProposalNetwork.window)
    var scale = window / options.minimumFaceSize
    var side = Double(min(picture.width, picture.height)) * scale
    var levels: [ProposalNetwork.Level] = []
    while side >= window {
      levels.append(
        .init(
          scale: scale, width: Int(Double(picture.width) * scale + 1),
          height: Int(Double(picture.height) * scale + 1)))
      scale *= options.factor
      side *= options.factor
    }
    return levels
  }

  private func proposals(_ picture: Picture) throws -> [CandidateBox] {
    let levels = levels(picture)
    var tasks: [(level: Int, rows: Range<Int>)] = []
    for (index, level) in levels.enumerated() {
      for start in stride(from: 0, to: level.outputHeight, by: Self.bandRows) {
        tasks.append((index, start..<min(level.outputHeight, start + Self.bandRows)))
      }
    }
    let (threshold, network, work) = (Float(options.thresholds[0]), proposal, tasks)
    let found = try Parallel.map(tasks.count, threads: picture.threads) { task in
      let level = levels[work[task].level]
      let sampler = picture.sampler.cells(
        x: 0..<picture.width, y: 0..<picture.height, columns: level.width, rows: level.height)
      return network.propose(level, rows: work[task].rows, from: sampler, threshold: threshold)
    }
    var boxes: [CandidateBox] = []
    for index in levels.indices {
      let own = zip(tasks, found).filter { $0.0.level == index }.flatMap(\.1)
      boxes += suppressed(own, above: 0.5, by: .union)
    }
    return suppressed(boxes, above: 0.7, by: .union)
  }

  /// The boxes that a network scores above the threshold, with its score, correction and points.
  private func judged(
    _ boxes: [CandidateBox], by network: RefinementNetwork, threshold: Double, in picture: Picture
  ) throws -> [CandidateBox] {
    let squares = boxes.compactMap { box in
      box.pixels(width: picture.width, height: picture.height).map { (box: box, pixels: $0) }
    }
    let side = network.side
    let batches = (squares.count + Self.batch - 1) / Self.batch
    let judged = try Parallel.map(batches, threads: picture.threads) { index in
      let own = squares[index * Self.batch..<min(squares.count, (index + 1) * Self.batch)]
      let judgements = network.judge(own.count) { place, target in
        let (x, y) = own[own.startIndex + place].pixels
        picture.sampler.cells(x: x, y: y, columns: side, rows: side).read(to: target)
      }
      return zip(own, judgements).compactMap { square, judgement -> CandidateBox? in
        guard judgement.score > Float(threshold) else { return nil }
        var box = square.box
        box.score = judgement.score
        box.correction = judgement.correction
        box.points = judgement.points
        return box
      }
    }
    return judged.flatMap { $0 }
  }

  private func faces(_ boxes: [CandidateBox]) throws -> [DetectedFace] {
    let placed = boxes.map { box in
      var box = box
      let origin = SIMD2(box.corners.x, box.corners.y)
      let size = SIMD2(box.corners.z, box.corners.w) - origin + 1
      box.points = box.points.map { size * $0 + origin - 1 }
      box.correct(extra: 1)
      return box
    }
    let faces = try suppressed(placed.filter(\.isFinite), above: 0.7, by: .smaller).map { box in
      DetectedFace(
        box: (0..<4).map { Double(box.corners[$0]) }, score: Double(box.score),
        points: try FivePoints(box.points.map { Point(Double($0.x), Double($0.y)) }))
    }
    func area(_ face: DetectedFace) -> Double { face.width * face.height }
    return faces.indices.sorted {
      let (a, b) = (area(faces[$0]), area(faces[$1]))
      return a == b ? $0 < $1 : a > b
    }.map { faces[$0] }
  }
}
