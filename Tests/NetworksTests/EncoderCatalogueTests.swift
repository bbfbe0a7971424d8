import Networks
import Neural
import Platform
import Tensors
import Testing

@Suite struct EncoderCatalogueTests {
  @Test func theFieldsEncodersAreThere() {
    for name in ["resnet18", "resnet50", "swin-t", "swin-t-face", "vit-b-16"] {
      #expect(EncoderCatalogue.standard.names.contains(name))
    }
  }

  @Test(arguments: EncoderCatalogue.standard.names)
  func everyEncoderGivesAndTakesGradients(_ name: String) throws {
    let size = name == "swin-t-face" ? 112 : 224
    var generator = SeededGenerator(seed: 1)
    let encoder = try EncoderCatalogue.standard.make(
      name, EncoderOptions(width: 1.0 / 32, imageSize: size), generator: &generator)
    #expect(encoder.layer.state.allSatisfy { $0.name.hasPrefix("encoder.") })
    #expect(Set(encoder.layer.state.map(\.name)).count == encoder.layer.state.count)
    let x = Tensor([2, 3, size, size])
    for i in 0..<x.count { x.pointer[i] = Float(generator.normal()) }
    let y = encoder.layer.forward(x, training: true)
    #expect(y.shape == [2, encoder.width])
    #expect(y.values.allSatisfy { $0.isFinite })
    encoder.layer.zeroGradients()
    _ = encoder.layer.backward(y.copy(), inputGradient: false)
    let moved = encoder.layer.parameters.filter { $0.gradient.values.contains { $0 != 0 } }
    #expect(Double(moved.count) > 0.8 * Double(encoder.layer.parameters.count))
  }

  @Test func sizesThatDoNotFitSayWhich() {
    var generator = SeededGenerator(seed: 1)
    #expect {
      try EncoderCatalogue.standard.make(
        "swin-t-face", EncoderOptions(width: 0.1, imageSize: 100), generator: &generator)
    } throws: { error in
      "\(error)".contains("image_size: 112")
    }
  }
}
