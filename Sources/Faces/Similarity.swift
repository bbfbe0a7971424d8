import Imaging

extension AffineTransform {
  /// The similarity (turn, uniform scale, shift) that takes `source` nearest to `target`.
  ///
  /// Equation: Umeyama (1991), equations 40-42, least squares. In the plane its singular value
  /// decomposition has a closed form: with centred points p and q, a = sum p.q and b = sum p x q,
  /// the linear part is [a -b; b a] / sum p.p. That is the best proper turn also where a
  /// reflection would fit better: faces are never mirrored.
  /// - Returns: nil where the source points coincide or no turn is better than another.
  public static func similarity(from source: [Point], to target: [Point]) -> AffineTransform? {
    precondition(source.count == target.count && !source.isEmpty)
    let (p, q) = (centroid(source), centroid(target))
    var (dot, cross, spread, targetSpread) = (0.0, 0.0, 0.0, 0.0)
    for (s, t) in zip(source, target) {
      let (sx, sy, tx, ty) = (s.x - p.x, s.y - p.y, t.x - q.x, t.y - q.y)
      dot += sx * tx + sy * ty
      cross += sx * ty - sy * tx
      spread += sx * sx + sy * sy
      targetSpread += tx * tx + ty * ty
    }
    let (a, b) = (dot / spread, cross / spread)
    // A correlation this small is rounding: the points do not tell a direction.
    let correlation = (dot * dot + cross * cross) / (spread * targetSpread)
    guard spread > 0, a.isFinite, b.isFinite, correlation > 1e-12 else { return nil }
    return AffineTransform(
      a: a, b: -b, c: b, d: a, tx: q.x - a * p.x + b * p.y, ty: q.y - b * p.x - a * p.y)
  }

  private static func centroid(_ points: [Point]) -> Point {
    let count = Double(points.count)
    return Point(points.reduce(0) { $0 + $1.x } / count, points.reduce(0) { $0 + $1.y } / count)
  }
}
