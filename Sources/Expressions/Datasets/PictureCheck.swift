import Imaging
import Platform

/// Decodes one picture, to see that it is whole.
final class PictureCheck: Sendable {
  typealias Convert = @Sendable ([UInt8], String) throws -> [UInt8]

  struct Picture: Sendable {
    var index: Int
    /// The source path, for messages.
    var name: String
    var bytes: [UInt8]
  }

  struct Checked: Sendable {
    var index: Int
    var verdict: Verdict
  }

  enum Verdict: Sendable {
    case good(PictureKey, picture: [UInt8], PictureNotes)
    case bad(Fault)
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
    do {
      let bytes: [UInt8]
      if let convert {
        bytes = try convert(picture.bytes, picture.name)
      } else {
        bytes = picture.bytes
        try decode(bytes, picture.name)
      }
      return Checked(
        index: picture.index,
        verdict: .good(PictureKey(bytes), picture: bytes, try PictureNotes(bytes)))
    } catch {
      let fault = error as? Fault ?? Fault(.internal, "\(error)")
      return Checked(index: picture.index, verdict: .bad(fault))
    }
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
