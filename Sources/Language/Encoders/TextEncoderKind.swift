import Artifacts
import Platform
import Tensors

/// The layers of a text encoder: token ids to embeddings.
package protocol TextNetwork {
  /// d, the embeddings' width.
  var width: Int { get }
  /// The longest sequence, in tokens with start and end.
  var positions: Int { get }
  /// Rows of the token table.
  var vocabulary: Int { get }
  /// Embeddings `[N, d]` of N sequences, each of 1 to `positions` ids below `vocabulary`.
  func embed(_ ids: [[Int]]) -> Tensor
}

/// A text encoder's parts, read from files.
package struct TextEncoderParts {
  package var network: any TextNetwork
  package var tokeniser: any Tokeniser
  /// False where the token table may have more rows than the vocabulary has tokens.
  package var vocabularyIsExact: Bool

  package init(
    network: any TextNetwork, tokeniser: any Tokeniser, vocabularyIsExact: Bool = false
  ) {
    self.network = network
    self.tokeniser = tokeniser
    self.vocabularyIsExact = vocabularyIsExact
  }
}

/// A kind of text encoder: everything that is its own, in one place.
///
/// Whatever lists, loads or names text encoders asks the catalogue of kinds, so that a further one is
/// a folder of Families and a term of `TextEncoderCatalogue`.
public struct TextEncoderKind: Sendable {
  /// The name in parameters and artifacts: `clip`.
  public let name: String
  /// Its description in the help of parameters; neighbours with the same words share them.
  public let summary: String
  /// The architectures of imported weights that are read as this kind.
  public let architectures: [String]
  /// True if the weights' shapes do not tell the activation, so that a parameter chooses it.
  public let takesActivation: Bool

  /// The published weights to obtain, for messages.
  let weightsWanted: String
  /// Vocabulary files by name; the first that exists is taken.
  let vocabularyNames: [String]
  /// The vocabulary to obtain, for messages.
  let vocabularyWanted: String
  /// Builds the encoder; throws a `Fault` that names the tensor or the file that does not fit.
  let load: @Sendable (TextEncoderFiles, TextEncoder.Options) throws -> TextEncoderParts

  /// - Parameters:
  ///   - alsoReads: architectures beside its own name whose imported weights are this kind.
  ///   - vocabularyNames: at least one file name, in order of preference.
  package init(
    _ name: String, summary: String, alsoReads: [String] = [], takesActivation: Bool = false,
    weightsWanted: String, vocabularyNames: [String], vocabularyWanted: String,
    load: @escaping @Sendable (TextEncoderFiles, TextEncoder.Options) throws -> TextEncoderParts
  ) {
    self.name = name
    self.summary = summary
    architectures = [name] + alsoReads
    self.takesActivation = takesActivation
    self.weightsWanted = weightsWanted
    self.vocabularyNames = vocabularyNames
    self.vocabularyWanted = vocabularyWanted
    self.load = load
  }

  /// Which weights are wanted and from where.
  public var whereFrom: String {
    "wanted: \(weightsWanted), brought in by ferry-import run --in files=FOLDER --out model=DIR "
      + "--set encoder=\(name), and its vocabulary: \(vocabularyWanted); 'ferry-fetch list' says "
      + "where they are. encoder=circumplex works offline, without weights"
  }
}
