import CKernels
import Imaging

/// How the detector reduces a picture to a level of its pyramid and to a network's input.
public enum DetectorResampling: String, Sendable, CaseIterable {
  /// The mean of all pixels that a cell touches, each whole: adaptive average pooling, which
  /// facenet-pytorch uses.
  case adaptiveArea = "adaptive-area"
  /// The mean over a cell's area, pixels on its border by their share.
  case area
}

/// Reads cells of a picture's rectangle as the networks want them: (mean - 127.5) / 128.
struct AreaSampler: @unchecked Sendable {
  private var area = ferry_area()

  /// - Parameter pixels: three interleaved channels, which must outlive the sampler.
  init(
    _ pixels: UnsafePointer<UInt8>, width: Int, resampling: DetectorResampling
  ) {
    area.pixels = pixels
    area.stride = 3 * width
    area.exact = resampling == .area ? 1 : 0
  }

  /// The grid of `columns` x `rows` cells over a rectangle.
  func cells(x: Range<Int>, y: Range<Int>, columns: Int, rows: Int) -> AreaSampler {
    var copy = self
    copy.area.left = x.lowerBound
    copy.area.top = y.lowerBound
    copy.area.width = x.count
    copy.area.height = y.count
    copy.area.columns = columns
    copy.area.rows = rows
    return copy
  }

  /// Writes a row of cells, [columns][3].
  func read(row: Int, to y: UnsafeMutablePointer<Float>) {
    withUnsafePointer(to: area) { ferry_area_row($0, row, y) }
  }

  /// Writes all rows of cells.
  func read(to y: UnsafeMutablePointer<Float>) {
    for row in 0..<area.rows { read(row: row, to: y + row * area.columns * 3) }
  }
}
