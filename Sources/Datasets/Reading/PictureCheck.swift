import Artifacts
import Imaging
import Platform
import Samples

/// Decodes one picture, to see that it is whole.
final class PictureCheck: Sendable {
  typealias Convert = @Sendable ([UInt8], String) throws -> [UInt8]

  struct Picture: Sendable {
    var row: SampleRow
    /// Its position, where the rows were known before.
    var index: Int?
    var bytes: [UInt8]
  }

  struct Checked: Sendable {
    var row: SampleRow
    var index: Int?
    var verdict: Verdict
  }

  enum Verdict: Sendable {
    case good(Good)
    case bad(Fault)
  }

  /// A picture that decodes, and all that is needed to write it.
  struct Good: Sendable {
    var picture: [UInt8]
    var line: RowLine
    var key: PictureKey
    var notes: PictureNotes
  }

  private let convert: Convert?
  private let pixels: Int
  private let alone = Locked(())

  /// - Parameters:
  ///   - convert: makes a picture file of other bytes; such a picture needs no check.
  ///   - pixels: the size beyond which pictures are decoded one at a time.
  init(convert: Convert?, pixels: Int) {
    self.convert = convert
    self.pixels = pixels
  }

  func check(_ picture: Picture) -> Checked {
    let verdict: Verdict
    do { verdict = .good(try good(picture)) } catch {
      verdict = .bad(error as? Fault ?? Fault(.internal, "\(error)"))
    }
    return Checked(row: picture.row, index: picture.index, verdict: verdict)
  }

  private func good(_ picture: Picture) throws -> Good {
    let name = picture.row.source
    let bytes = try convert.map { try $0(picture.bytes, name) } ?? picture.bytes
    if convert == nil { try decode(bytes, name) }
    return Good(
      picture: bytes, line: picture.row.line, key: PictureKey(bytes),
      notes: try PictureNotes(bytes))
  }

  /// What fails within the bound of all threads is tried once more alone, within the whole bound.
  private func decode(_ bytes: [UInt8], _ name: String) throws {
    do {
      try Image.verify(bytes, name: name, maximumPixels: pixels)
    } catch is Fault {
      try alone.withLock { _ in try Image.verify(bytes, name: name) }
    }
  }
}
