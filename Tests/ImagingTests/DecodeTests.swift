import Imaging
import Platform
import Testing

@Suite struct DecodeTests {
  /// libjpeg's integer DCT is exact by definition; the CMYK conversion is Pillow's formula.
  @Test func agreesWithPillowExactly() throws {
    let golden = try Golden("codecs")
    #expect(golden.cases.count >= 15)
    for name in golden.cases {
      let expected = try golden.image(name + ".pixels")
      let image = try Image.decode(golden.bytes(name), name: name, as: .asStored)
      #expect(difference(image, expected).largest == 0, "\(name)")
    }
  }

  @Test func channelsAsAsked() throws {
    let golden = try Golden("codecs")
    let colour = try golden.bytes("rgb.png")
    let grey = try golden.bytes("grey.png")
    #expect(try Image.decode(colour, name: "c", as: .grey) == golden.image("grey.png.pixels"))
    let widened = try Image.decode(grey, name: "g", as: .rgb)
    #expect(widened.channels == 3)
    #expect(widened.grey().pixels == (try golden.image("grey.png.pixels").pixels))
  }

  @Test(arguments: ["baseline420.jpg", "progressive.jpg", "rgb.png", "palette.png"])
  func everyCutIsRefusedOrWhole(_ name: String) throws {
    let golden = try Golden("codecs")
    let bytes = try golden.bytes(name)
    let whole = try Image.decode(bytes, name: name)
    for count in 0..<bytes.count {
      do {
        let image = try Image.decode(Array(bytes[..<count]), name: name)
        // Only a baseline JPEG's end marker may be missing.
        #expect(name == "baseline420.jpg" && count >= bytes.count - 2 && image == whole)
      } catch let fault as Fault {
        #expect(fault.code == .badInput && fault.place?.file == name)
      }
    }
  }

  @Test(arguments: ["baseline420.jpg", "progressive.jpg", "cmyk.jpg", "rgba.png", "palette.png"])
  func flippedBytesNeverCrash(_ name: String) throws {
    let golden = try Golden("codecs")
    var bytes = try golden.bytes(name)
    for index in bytes.indices {
      let kept = bytes[index]
      for flip: UInt8 in [0x01, 0x80, 0xFF] {
        bytes[index] = kept ^ flip
        _ = try? Image.decode(bytes, name: name, maximumPixels: 1 << 20)
      }
      bytes[index] = kept
    }
  }

  @Test func aBombIsRefusedByItsHeader() throws {
    var bytes = try Golden("codecs").bytes("baseline444.jpg")
    let start = try #require(
      bytes.indices.first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
    for offset in 5...8 { bytes[start + offset] = 0xFE }
    let fault = #expect(throws: Fault.self) { try Image.decode(bytes, name: "bomb.jpg") }
    #expect(fault?.message.contains("65278x65278") == true)
    let small = try Golden("codecs").bytes("rgb.png")
    #expect(throws: Fault.self) { try Image.decode(small, name: "a", maximumPixels: 37 * 29 - 1) }
    _ = try Image.decode(small, name: "a", maximumPixels: 37 * 29)
  }

  @Test func otherFormatsAreNamed() {
    for (text, word) in [("GIF89a", "GIF"), ("BM....", "BMP"), ("<html>", "HTML"), ("", "empty")] {
      let fault = #expect(throws: Fault.self) {
        try Image.decode(Array(text.utf8), name: "x")
      }
      #expect(fault?.description.contains(word) == true)
    }
  }

  @Test func roundTrips() throws {
    let golden = try Golden("codecs")
    for name in ["rgb.png.pixels", "grey.png.pixels"] {
      let image = try golden.image(name)
      let png = try image.png()
      #expect(try Image.decode(png, name: name, as: .asStored) == image)
      let jpeg = try image.jpeg(quality: 95)
      #expect(jpeg == (try image.jpeg(quality: 95)))
      let fine = try image.jpeg(quality: 100, chromaSubsampling: .none)
      // At quality 100 each coefficient is off by half at most; in pixels that is about 1 and
      // seldom above 3, to which the colour conversion adds 1.
      let losslessLimit = 4
      let back = try Image.decode(fine, name: name, as: .asStored)
      #expect(difference(back, image).largest <= losslessLimit)
    }
  }

  @Test(arguments: 1...8) func orientationIsApplied(_ tag: Int) throws {
    // Stored 3 x 2:  1 2 3 / 4 5 6.
    let stored = Image(width: 3, height: 2, channels: 1, pixels: [10, 20, 30, 40, 50, 60])
    let expected: [[UInt8]] = [
      [10, 20, 30, 40, 50, 60], [30, 20, 10, 60, 50, 40], [60, 50, 40, 30, 20, 10],
      [40, 50, 60, 10, 20, 30], [10, 40, 20, 50, 30, 60], [40, 10, 50, 20, 60, 30],
      [60, 30, 50, 20, 40, 10], [30, 60, 20, 50, 10, 40],
    ]
    for little in [true, false] {
      let png = try withEXIF(try stored.png(), orientation: UInt8(tag), littleEndian: little)
      let image = try Image.decode(png, name: "oriented.png", as: .asStored)
      #expect(image.width == (tag < 5 ? 3 : 2))
      #expect(image.pixels == expected[tag - 1])
    }
  }

  /// Inserts an eXIf chunk (its check sum is not looked at) after the header.
  private func withEXIF(
    _ png: [UInt8], orientation: UInt8, littleEndian: Bool
  ) throws -> [UInt8] {
    let little: [UInt8] = [
      0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0,
    ]
    let big: [UInt8] = [
      0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0,
    ]
    let body = littleEndian ? little : big
    let chunk = [0, 0, 0, UInt8(body.count)] + Array("eXIf".utf8) + body + [0, 0, 0, 0]
    return Array(png[..<33]) + chunk + Array(png[33...])
  }
}
