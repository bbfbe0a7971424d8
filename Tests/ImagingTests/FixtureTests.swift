import Glibc
import Imaging
import Platform
import Testing

/// Pictures that are not part of the project: PngSuite, libjpeg-turbo's and Pillow's fixtures.
@Suite struct FixtureTests {
  /// A folder under FERRY_TEST_DATA, or nil, said loudly, where it is absent.
  private func folder(_ name: String, _ test: String = #function) -> String? {
    guard let root = getenv("FERRY_TEST_DATA").map({ String(cString: $0) }),
      Files.isDirectory(Files.join(root, name))
    else {
      print("SKIPPED \(test): FERRY_TEST_DATA has no '\(name)'")
      return nil
    }
    return Files.join(root, name)
  }

  /// PngSuite's references are 32-bit BMP with straight alpha; 16-bit samples are cut to 8 bits
  /// there and rounded here, so that they differ by 1 at most.
  @Test func pngSuite() throws {
    guard let root = folder("fixtures/pngsuite") else { return }
    var compared = 0
    for file in try Files.list(Files.join(root, "png")) {
      let name = file.dropLast(4)
      let bytes = try Files.read(Files.join(root, "png/\(file)"))
      if name.hasPrefix("x") {
        #expect(throws: Fault.self, "\(file)") { try Image.decode(bytes, name: file) }
        continue
      }
      let image = try Image.decode(bytes, name: file)
      let reference = Files.join(root, "bmp/\(name).bmp")
      guard Files.exists(reference) else { continue }
      compared += 1
      let expected = try overBlack(try Files.read(reference))
      #expect(try Image.decode(try Files.read(reference), name: reference) == expected)
      #expect(difference(image, expected).largest <= (bytes[24] == 16 ? 1 : 0), "\(file)")
    }
    #expect(compared > 150)
  }

  /// A 32-bit bottom-up BMP, composited on black.
  private func overBlack(_ bytes: [UInt8]) throws -> Image {
    func number(_ offset: Int) -> Int {
      (0..<4).reversed().reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
    }
    let (start, width, height) = (number(10), number(18), number(22))
    #expect(bytes[28] == 32)
    var image = Image(width: width, height: height, channels: 3)
    for y in 0..<height {
      for x in 0..<width {
        let pixel = start + ((height - 1 - y) * width + x) * 4
        for c in 0..<3 {
          let product = Double(bytes[pixel + 2 - c]) * Double(bytes[pixel + 3]) / 255
          image[x, y, c] = UInt8(product.rounded())
        }
      }
    }
    return image
  }

  @Test func libjpegTurbo() throws {
    guard let root = folder("fixtures/jpeg/libjpeg-turbo") else { return }
    let ppm = try Files.read(Files.join(root, "testorig.ppm"))
    let jpeg = try Files.read(Files.join(root, "testorig.jpg"))
    let image = try Image.decode(jpeg, name: "testorig.jpg")
    let reference = Image(
      width: image.width, height: image.height, channels: 3,
      pixels: Array(ppm.suffix(image.pixels.count)))
    // The reference comes from another of libjpeg's transforms: a few units, at sharp edges.
    #expect(difference(image, reference).largest <= 3)
    let arithmetic = try Files.read(Files.join(root, "testimgari.jpg"))
    #expect(try Image.decode(arithmetic, name: "testimgari.jpg").width == image.width)
    let deep = try Files.read(Files.join(root, "monkey12.jpg"))
    let fault = #expect(throws: Fault.self) { try Image.decode(deep, name: "monkey12.jpg") }
    #expect(fault?.message.contains("not supported") == true)
  }

  @Test func pillowsPortrait() throws {
    guard let root = folder("faces/pillow") else { return }
    func image(_ name: String) throws -> Image {
      try Image.decode(try Files.read(Files.join(root, name)), name: name)
    }
    let upright = try image("hopper_orientation_2.jpg")
    for orientation in 3...8 {
      let other = try image("hopper_orientation_\(orientation).jpg")
      // Each file was compressed in its own orientation: equal but for what JPEG loses.
      #expect(difference(upright, other).mean < 4, "orientation \(orientation)")
    }
    for name in [
      "hopper.jpg", "hopper.png", "hopper_gray.jpg", "jpeg_ff00_header.jpg",
      "junk_jpeg_header.jpg", "multiple_exif.jpg", "pil_sample_cmyk.jpg", "truncated_app14.jpg",
      "broken_exif_dpi.jpg", "truncated_exif_dpi.jpg", "rgb_trns.png", "i_trns.png",
    ] {
      _ = try image(name)
    }
    // The BMP and the PNG hold the same pixels; the WebP is lossy.
    #expect(try image("hopper.bmp") == image("hopper.png"))
    #expect(difference(try image("hopper.webp"), try image("hopper.png")).mean < 10)
    for name in [
      "broken.png", "broken_data_stream.png", "hopper_bad_exif.jpg", "truncated_image.png",
      "truncated_jpeg.jpg", "decompression_bomb.gif",
    ] {
      #expect(throws: Fault.self, "\(name)") { try image(name) }
    }
  }
}
