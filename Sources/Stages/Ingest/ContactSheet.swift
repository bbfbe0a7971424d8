import Artifacts
import Expressions
import Imaging
import Platform

/// A picture of many samples, to look at: a row a class with its name, and a wide gap where the split
/// changes.
///
/// Pictures are taken at even steps through the rows, so that the same artifact gives the same sheet.
struct ContactSheet {
  private static let cell = 96
  private static let gap = 4
  private static let columns = 14
  private static let paper: UInt8 = 245

  /// Letters of class names are this much larger than their pixels.
  private static let scale = 2
  /// Longer names are cut.
  private static let longestName = 16

  private let reader: RowCollectionReader
  private let names: [String]
  /// For each class the indexes of its pictures, split after split.
  private let lines: [[[Int]]]

  init(_ reader: RowCollectionReader, _ rows: [SampleRow], _ classes: ClassList) {
    self.reader = reader
    let splits = Split.allCases.filter { split in rows.contains { $0.split == split } }
    names = classes.names.map { String($0.prefix(Self.longestName)) }
    lines = classes.names.map { name in
      splits.map { split in
        let indexes = rows.indices.filter { rows[$0].split == split && rows[$0].label == name }
        let count = min(indexes.count, Self.columns / splits.count)
        return (0..<count).map { indexes[(2 * $0 + 1) * indexes.count / (2 * count)] }
      }
    }
  }

  /// Draws the sheet as a PNG.
  func png(threads: Int) throws -> [UInt8] {
    let step = Self.cell + Self.gap
    let splits = lines.first?.count ?? 1
    let share = Self.columns / max(1, splits)
    let margin = (names.map(\.count).max() ?? 0) * PixelText.advance * Self.scale + 2 * Self.gap
    let width = margin + splits * (share * step + 4 * Self.gap)
    var sheet = Image(
      width: width, height: Self.gap + lines.count * step, channels: 3, filledWith: Self.paper)
    let places = lines.enumerated().flatMap { row, groups in
      groups.enumerated().flatMap { group, indexes in
        indexes.enumerated().map { column, index in
          (
            index: index, x: margin + group * (share * step + 4 * Self.gap) + column * step,
            y: Self.gap + row * step
          )
        }
      }
    }
    for (row, name) in names.enumerated() {
      let top = Self.gap + row * step + (Self.cell - PixelText.height * Self.scale) / 2
      PixelText.draw(name, into: &sheet, x: Self.gap, y: top, scale: Self.scale)
    }
    let reader = reader
    let cells = try Parallel.map(places.count, threads: threads) { number in
      try reader.withPayload(places[number].index) { bytes in
        try bytes.map { try Self.fit($0) }
      }
    }
    for (place, picture) in zip(places, cells) {
      if let picture { Self.paste(picture, into: &sheet, place.x, place.y) }
    }
    return try sheet.png()
  }

  /// The whole picture inside a cell, decoded no larger than the cell needs.
  private static func fit(_ bytes: UnsafeRawBufferPointer) throws -> Image {
    let image = try Image.decode(bytes, name: "picture", noSmallerThan: cell)
    let scale = Double(cell) / Double(max(image.width, image.height))
    return image.resized(
      width: max(1, Int(Double(image.width) * scale)),
      height: max(1, Int(Double(image.height) * scale)))
  }

  private static func paste(_ picture: Image, into sheet: inout Image, _ x: Int, _ y: Int) {
    let left = x + (cell - picture.width) / 2
    let top = y + (cell - picture.height) / 2
    for row in 0..<picture.height {
      let target = ((top + row) * sheet.width + left) * 3
      let source = row * picture.width * 3
      sheet.pixels.replaceSubrange(
        target..<target + picture.width * 3,
        with: picture.pixels[source..<source + picture.width * 3])
    }
  }
}
