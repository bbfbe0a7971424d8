import Imaging

/// Which of several faces of a picture is taken.
public enum FaceChoice: String, Sendable, CaseIterable {
  case largest
  /// The one whose box has its middle nearest to the picture's.
  case centre
  case mostConfident = "most-confident"
  /// The one whose box has its middle nearest to that of the dataset's own box or points; the largest
  /// where the dataset has none.
  case nearestToAnnotation = "nearest-to-annotation"
  case all

  /// The faces taken, in order.
  /// - Parameters:
  ///   - faces: largest first.
  ///   - annotation: the middle of the dataset's own box or points.
  public func choose(
    _ faces: [DetectedFace], width: Int, height: Int, annotation: Point?
  ) -> [DetectedFace] {
    switch self {
    case .all: return faces
    case .largest: return Array(faces.prefix(1))
    case .mostConfident: return first(faces) { -$0.score }
    case .centre: return nearest(faces, to: Point(Double(width) / 2, Double(height) / 2))
    case .nearestToAnnotation:
      return annotation.map { nearest(faces, to: $0) } ?? Array(faces.prefix(1))
    }
  }

  private func nearest(_ faces: [DetectedFace], to point: Point) -> [DetectedFace] {
    first(faces) { face in
      let x = (face.box[0] + face.box[2]) / 2 - point.x
      let y = (face.box[1] + face.box[3]) / 2 - point.y
      return x * x + y * y
    }
  }

  /// The face with the least value, the first of equals.
  private func first(_ faces: [DetectedFace], by value: (DetectedFace) -> Double) -> [DetectedFace]
  {
    faces.min { value($0) < value($1) }.map { [$0] } ?? []
  }
}
