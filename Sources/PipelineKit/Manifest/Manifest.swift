import Platform
import YAML

/// A manifest as written, before names are resolved; every node keeps its place.
struct Manifest {
  struct Variable {
    var name: String
    var node: YAMLNode
    /// From a parameter file: `$` has no meaning in it.
    var isLiteral = false
    /// Given with `--set`: relative paths in it start at the current directory.
    var isOverride = false

    /// A map of a parameter file, whose members are variables of their own.
    var isLiteralMap: Bool {
      if case .map = node.value { isLiteral } else { false }
    }
  }

  struct Source {
    var name: String
    var path: YAMLNode
    /// The file the source was declared in.
    var place: Fault.Place { path.place }
  }

  /// One entry under `stages:`.
  final class Stage {
    enum Body {
      case contract(YAMLNode)
      case command([YAMLNode])
    }

    struct Input {
      var port: YAMLNode
      var references: [YAMLNode]
    }

    var name: String
    var place: Fault.Place
    var body: Body
    var inputs: [Input] = []
    var parameters: [YAMLEntry] = []
    var outputs: [YAMLEntry] = []
    var matrix: [YAMLEntry] = []
    var foreach: [YAMLNode] = []
    var when: YAMLNode?
    var resources: [YAMLEntry] = []
    var retries: YAMLNode?
    var timeout: YAMLNode?
    var environment: [YAMLNode] = []
    var writes: [YAMLNode] = []
    var pinsBinary = false
    var intermediate = false
    var always = false
    var directory: YAMLNode?
    var wrapper: [YAMLNode] = []

    init(name: String, place: Fault.Place, body: Body) {
      self.name = name
      self.place = place
      self.body = body
    }
  }

  /// The manifest's path as given.
  var file: String
  var name = ""
  var variables: [Variable] = []
  var sources: [Source] = []
  var stages: [Stage] = []
  /// A shared second level of the run cache.
  var cache: YAMLNode?
  /// How many of each named token there are; one where unnamed.
  var tokens: [YAMLEntry] = []
  /// Every file read, the manifest first, with its bytes' digest.
  var files: [ManifestFile] = []

  /// The directory that relative paths start at.
  var root: String { Files.parent(of: file) }
}
