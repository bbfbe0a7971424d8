import Artifacts
import Platform
import Tensors

/// The sizes of a transformer, derived from the shapes in a file of weights.
package enum TransformerLayers {
  /// The number of layers whose tensors begin with `prefix` and the layer's number.
  package static func count(_ weights: SafetensorsFile, _ prefix: String) -> Int {
    var count = 0
    for entry in weights.entries where entry.name.hasPrefix(prefix) {
      let digits = entry.name.dropFirst(prefix.count).prefix { $0 != "." }
      if let number = Int(digits), number < 4096 { count = max(count, number + 1) }
    }
    return count
  }

  package static func shape(
    width: Int, heads: Int?, layers: Int, hidden: Int, activation: Activation, file: String
  ) throws -> TransformerShape {
    let heads = heads ?? max(1, width / 64)
    guard width > 0, heads > 0, width % heads == 0, layers > 0, hidden > 0 else {
      throw Fault(
        .badInput, "a transformer of width \(width) with \(heads) heads and \(layers) layers",
        at: .init(file), remedy: "the heads must share the width evenly")
    }
    return TransformerShape(
      width: width, heads: heads, layers: layers, hidden: hidden, activation: activation)
  }
}
