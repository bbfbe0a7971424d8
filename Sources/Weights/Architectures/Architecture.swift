import Artifacts
import Platform

/// A family of networks whose weights Ferry knows by name.
public enum Architecture: String, Sendable, CaseIterable {
  case clip
  case vitB32 = "vit-b-32"
  case vitB16 = "vit-b-16"
  case vitL14 = "vit-l-14"
  case bert
  case sentence
  case align
  case blip
  case resnet18
  case resnet34
  case resnet50
  case swinT = "swin-t"
  case swinTFace = "swin-t-face"
  case mtcnn

  /// How its tensors are called and shaped.
  var table: any NameTable {
    switch self {
    case .clip: CLIPNames(tower: nil)
    case .vitB32: CLIPNames(tower: .vitB32)
    case .vitB16: CLIPNames(tower: .vitB16)
    case .vitL14: CLIPNames(tower: .vitL14)
    case .bert, .sentence: BERTNames(kind: .plain)
    case .align: BERTNames(kind: .align)
    case .blip: BERTNames(kind: .blip)
    case .resnet18: ResNetNames(depths: [2, 2, 2, 2], isBottleneck: false)
    case .resnet34: ResNetNames(depths: [3, 4, 6, 3], isBottleneck: false)
    case .resnet50: ResNetNames(depths: [3, 4, 6, 3], isBottleneck: true)
    case .swinT: SwinNames(isFace: false)
    case .swinTFace: SwinNames(isFace: true)
    case .mtcnn: MTCNNNames()
    }
  }
}

/// The names of an architecture's tensors: from every spelling in use to one.
protocol NameTable: Sendable {
  /// Names that mark an architecture, in every spelling; the prefix before one is a wrapper.
  var marks: [String] { get }

  /// The canonical place of a tensor, or nil where the table does not know the name.
  ///
  /// - Parameters:
  ///   - name: the name without its wrapper.
  ///   - rank: how many axes it has.
  func place(_ name: String, rank: Int) -> TensorPlace?

  /// New names for tensors whose place depends on other names.
  func renamed(_ names: [String]) -> [String: String]

  /// The canonical tensors and their shapes, and what they say of the network.
  ///
  /// - Parameter shapes: the shapes of the canonical tensors that were found.
  func layout(_ shapes: [String: [Int]]) -> ArchitectureLayout
}

extension NameTable {
  func renamed(_ names: [String]) -> [String: String] { [:] }
}

/// What becomes of a tensor of a file.
enum TensorPlace: Sendable, Equatable {
  /// It is the tensor of that canonical name, after a rearrangement.
  case whole(String, Rearrangement = .none)
  /// It is one of `count` parts, joined along the first axis.
  case part(String, Int, of: Int)
  /// It is no weight that Ferry uses; the reason is reported.
  case unused(String)
}

/// A change of a tensor's axes.
enum Rearrangement: Sendable, Equatable {
  case none
  /// The axes in reverse order: `[in, out]` to `[out, in]`, `[x, y, in, out]` to `[out, in, y, x]`.
  case reversed

  func shape(_ shape: [Int]) -> [Int] { self == .none ? shape : shape.reversed() }
}

/// An architecture's expected tensors.
struct ArchitectureLayout: Sendable {
  /// In canonical order.
  var tensors: [(name: String, shape: [Int])] = []
  /// Tensors that may be absent.
  var optional: Set<String> = []
  /// Sizes that follow from the shapes: what a reader needs to build the network.
  var configuration: [String: JSONValue] = [:]
  /// Why the file cannot be this architecture, beyond its tensors.
  var objection: String?

  mutating func add(_ name: String, _ shape: [Int]) { tensors.append((name, shape)) }

  /// A weight and a bias of the given length.
  mutating func addPair(_ name: String, _ shape: [Int], bias: Int? = nil) {
    add("\(name).weight", shape)
    add("\(name).bias", [bias ?? shape[0]])
  }

  /// A batch normalisation without its count of batches.
  mutating func addNorm(_ name: String, _ width: Int) {
    addPair(name, [width])
    add("\(name).running_mean", [width])
    add("\(name).running_var", [width])
  }
}
