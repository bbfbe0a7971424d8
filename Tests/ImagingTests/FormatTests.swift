import Imaging
import Platform
import Testing

/// TIFF, WebP and BMP, against what Pillow reads.
@Suite struct FormatTests {
  /// libwebp converts to RGB with rounding of its own in each build; of 16-bit grey, libtiff takes
  /// the upper byte where Pillow's pixels are rounded: off by one at most.
  private static let limits = ["lossy.webp": 1, "grey16.tif": 1]

  @Test func agreesWithPillow() throws {
    let golden = try Golden("formats")
    let names = golden.cases.filter { !$0.hasSuffix(".reduced") }
    #expect(names.count >= 24)
    for name in names {
      let expected = try golden.image(name + ".pixels")
      let image = try Image.decode(golden.bytes(name), name: name, as: .asStored)
      let limit = Self.limits[name] ?? 0
      #expect(difference(image, expected).largest <= limit, "\(name)")
    }
  }

  @Test func headersStateTheSizesOfWhatIsDecoded() throws {
    let golden = try Golden("formats")
    for name in golden.cases where !name.hasSuffix(".reduced") {
      let bytes = try golden.bytes(name)
      let image = try Image.decode(bytes, name: name, as: .asStored)
      let size = try #require(bytes.withUnsafeBytes { PictureNotes.size($0) }, "\(name)")
      // An orientation may swap the sides.
      #expect(
        Set([size.width, size.height]) == Set([image.width, image.height]), "\(name)")
      for cut in 0..<min(bytes.count, 200) {
        _ = bytes.prefix(cut).withUnsafeBytes { PictureNotes.size($0) }
      }
    }
  }

  @Test func whatLiesOutsideIsNotPasted() {
    var sheet = Image(width: 4, height: 3, channels: 1)
    let picture = Image(width: 2, height: 2, channels: 1, pixels: [1, 2, 3, 4])
    sheet.paste(picture, x: 1, y: 1)
    #expect(sheet.pixels == [0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0])
    sheet.paste(picture, x: -1, y: -1)
    sheet.paste(picture, x: 3, y: 2)
    #expect(sheet.pixels == [4, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 1])
    for (x, y) in [(4, 0), (0, 3), (-2, 0), (0, -2), (99, -99)] {
      let before = sheet
      sheet.paste(picture, x: x, y: y)
      #expect(sheet == before)
    }
  }

  /// libjpeg's reduced transforms are exact by definition, as its whole one.
  @Test(arguments: ["large.jpg", "largegrey.jpg"])
  func reducedScaleAgreesWithPillow(_ name: String) throws {
    let golden = try Golden("formats")
    let bytes = try golden.bytes(name + ".reduced")
    let whole = try Image.decode(bytes, name: name, as: .asStored)
    #expect(whole.width == 83 && whole.height == 59)
    for (side, scale) in [(29, 2), (15, 2), (14, 4), (8, 4), (7, 8), (1, 8)] {
      let image = try Image.decode(bytes, name: name, as: .asStored, noSmallerThan: side)
      #expect(image == (try golden.image("\(name).at\(scale).pixels")), "\(side)")
    }
    #expect(try Image.decode(bytes, name: name, as: .asStored, noSmallerThan: 30) == whole)
  }

  @Test(arguments: [
    "rgb.tif", "lzw.tif", "lossless.webp", "lossy.webp", "rgb.bmp", "palette.bmp", "runs8.bmp",
    "runs4.bmp", "masks.bmp",
  ])
  func everyCutIsRefusedOrWhole(_ name: String) throws {
    let golden = try Golden("formats")
    let bytes = try golden.bytes(name)
    let whole = try Image.decode(bytes, name: name)
    for count in 0..<bytes.count {
      do {
        // What is missing may be padding or metadata after the pixels, never pixels.
        #expect(try Image.decode(Array(bytes[..<count]), name: name) == whole, "\(count)")
      } catch let fault as Fault {
        #expect(fault.code == .badInput && fault.place?.file == name)
      }
    }
  }

  @Test(arguments: [
    "strips.tif", "deflate.tif", "bilevel.tif", "palette.tif", "lossy.webp", "alpha.webp",
    "four.bmp", "runs8.bmp", "runs4.bmp", "masks.bmp", "sixteen.bmp",
  ])
  func flippedBytesNeverCrash(_ name: String) throws {
    var bytes = try Golden("formats").bytes(name)
    for index in bytes.indices {
      let kept = bytes[index]
      for flip: UInt8 in [0x01, 0x80, 0xFF] {
        bytes[index] = kept ^ flip
        _ = try? Image.decode(bytes, name: name, maximumPixels: 1 << 20)
        _ = try? PictureNotes(bytes)
      }
      bytes[index] = kept
    }
  }

  @Test func bombsAreRefusedByTheirHeaders() throws {
    for (name, offsets) in [("rgb.bmp", [20, 24]), ("runs8.bmp", [20, 24])] {
      var bytes = try Golden("formats").bytes(name)
      for offset in offsets { bytes[offset] = 0x7F }
      let fault = #expect(throws: Fault.self) { try Image.decode(bytes, name: name) }
      #expect(fault?.message.contains("more than the limit") == true, "\(name)")
    }
  }

  @Test func colourProfilesAreNotedAndPassedOver() throws {
    let golden = try Golden("codecs")
    let plain = try golden.bytes("baseline444.jpg")
    #expect(try PictureNotes(plain) == PictureNotes(plain))
    #expect(try !PictureNotes(plain).hasColourProfile)
    let profile = Array("ICC_PROFILE\0".utf8) + [1, 1, 9, 9]
    let tagged = Array(plain[..<2]) + [0xFF, 0xE2, 0, UInt8(2 + profile.count)] + profile
    let bytes = tagged + plain[2...]
    let notes = try PictureNotes(bytes)
    #expect(notes.hasColourProfile && notes.fileExtension == "jpg")
    #expect(try Image.decode(bytes, name: "a") == Image.decode(plain, name: "a"))
    #expect(try PictureNotes(Golden("formats").bytes("alpha.webp")).fileExtension == "webp")
  }
}

/// Verifying and decoding agree on every damaged JPEG.
@Test(arguments: ["baseline420.jpg", "progressive.jpg", "restarts.jpg", "grey.jpg", "cmyk.jpg"])
func verifyingAcceptsWhatDecodes(_ name: String) throws {
  let bytes = try Golden("codecs").bytes(name)
  func agree(_ bytes: [UInt8]) -> Bool {
    let decoded = (try? Image.decode(bytes, name: name, maximumPixels: 1 << 16)) != nil
    let verified = (try? Image.verify(bytes, name: name, maximumPixels: 1 << 16)) != nil
    return decoded == verified
  }
  for index in bytes.indices {
    #expect(agree(Array(bytes[..<index])), "cut at \(index)")
    var flipped = bytes
    for flip: UInt8 in [0x01, 0x10, 0xFF] {
      flipped[index] = bytes[index] ^ flip
      #expect(agree(flipped), "flip \(flip) at \(index)")
    }
  }
}
