import Artifacts
import Platform

/// A family of networks whose weights Ferry knows by name.
public struct Architecture: Sendable {
  /// The name in parameters and artifacts: `clip`.
  public let name: String
  /// Put before every tensor of the published file: `encoder.` where a trained model has it.
  public let publishedPrefix: String
  /// How its tensors are called and shaped.
  package let table: any NameTable

  package init(_ name: String, publishedPrefix: String = "", _ table: any NameTable) {
    self.name = name
    self.publishedPrefix = publishedPrefix
    self.table = table
  }

  /// Both towers of CLIP, of any size.
  public static let clip = Architecture("clip", CLIPNames(tower: nil))
  public static let bert = Architecture("bert", BERTNames(kind: .plain))
  public static let sentence = Architecture("sentence", BERTNames(kind: .plain))
  public static let align = Architecture("align", BERTNames(kind: .align))
  public static let blip = Architecture("blip", BERTNames(kind: .blip))
  public static let mtcnn = Architecture("mtcnn", MTCNNNames())

  /// Those of text encoders and of the face detector; visual encoders bring their own.
  public static let withoutEncoders = [clip, bert, sentence, align, blip, mtcnn]
}

/// The names of an architecture's tensors: from every spelling in use to one.
package protocol NameTable: Sendable {
  /// Names that mark an architecture, in every spelling; the prefix before one is a wrapper.
  var marks: [String] { get }

  /// The canonical place of a tensor, or nil where the table does not know the name.
  ///
  /// - Parameters:
  ///   - name: the name without its wrapper.
  ///   - rank: how many axes it has.
  func place(_ name: String, rank: Int) -> TensorPlace?

  /// The canonical tensor whose second axis is a picture's colours; nil where there is none.
  var colours: String? { get }

  /// New names for tensors whose place depends on other names.
  func renamed(_ names: [String]) -> [String: String]

  /// The canonical tensors and their shapes, and what they say of the network.
  ///
  /// - Parameter shapes: the shapes of the canonical tensors that were found.
  func layout(_ shapes: [String: [Int]]) -> ArchitectureLayout
}

extension NameTable {
  package var colours: String? { nil }
  package func renamed(_ names: [String]) -> [String: String] { [:] }
}

/// The treatment of a file's tensor.
package enum TensorPlace: Sendable, Equatable {
  /// It is the tensor of that canonical name, after a rearrangement.
  case whole(String, Rearrangement = .none)
  /// It is one of `count` parts, joined along the first axis.
  case part(String, Int, of: Int)
  /// It is no weight that Ferry uses; the reason is reported.
  case unused(String)
}

/// A change of a tensor's axes.
package enum Rearrangement: Sendable, Equatable {
  case none
  /// The axes in reverse order: `[in, out]` to `[out, in]`, `[x, y, in, out]` to `[out, in, y, x]`.
  case reversed

  package func shape(_ shape: [Int]) -> [Int] { self == .none ? shape : shape.reversed() }
}

/// An architecture's expected tensors.
package struct ArchitectureLayout: Sendable {
  /// In canonical order.
  package var tensors: [(name: String, shape: [Int])] = []
  /// Tensors that may be absent.
  package var optional: Set<String> = []
  /// Sizes that follow from the shapes: what a reader needs to build the network.
  package var configuration: [String: JSONValue] = [:]
  /// Why the file cannot be this architecture, beyond its tensors.
  package var objection: String?

  package init() {}

  package mutating func add(_ name: String, _ shape: [Int]) { tensors.append((name, shape)) }

  /// A weight and a bias of the given length.
  package mutating func addPair(_ name: String, _ shape: [Int], bias: Int? = nil) {
    add("\(name).weight", shape)
    add("\(name).bias", [bias ?? shape[0]])
  }

  /// A batch normalisation without its count of batches.
  package mutating func addNorm(_ name: String, _ width: Int) {
    addPair(name, [width])
    add("\(name).running_mean", [width])
    add("\(name).running_var", [width])
  }
}
