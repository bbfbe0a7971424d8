import Artifacts
import Platform

/// A manifest with every name resolved: jobs in an order in which each comes after its producers.
public struct Plan: Sendable {
  /// A file or folder outside the pipeline, watched by content.
  public struct Source: Sendable {
    public var name: String
    /// The path to open.
    public var path: String
    public var place: Fault.Place
    /// The pattern, such as `photos/**/*.jpg`; nil if the path is a plain one.
    public var pattern: Glob?
  }

  /// The manifest's own path and what it includes.
  public var files: [ManifestFile]
  public var name: String
  /// The directory in which commands run and relative paths start.
  public var root: String
  public var sources: [Source]
  public var jobs: [Job]
  /// Programs whose own bytes are part of a key.
  public var pinnedPrograms: [String]
  /// How many of each named token there are.
  public var tokens: [String: Int]
  /// A folder shared with other workspaces, the second level of the run cache.
  public var cache: String?
  /// `--set` values, as given.
  public var overrides: [String]
  /// Hints for people: valid, but probably not intended.
  public var hints: [String]
  /// Variables' values.
  public var variables: [String: JSONValue]

  /// The jobs that `targets` name and everything these need; all jobs where it is empty.
  ///
  /// A target is a stage, one instance, or an output's path.
  /// - Throws: `Fault` (usage) with the nearest name.
  public func select(_ targets: [String], workspace: String) throws -> [Bool] {
    guard !targets.isEmpty else { return Array(repeating: true, count: jobs.count) }
    var wanted = Array(repeating: false, count: jobs.count)
    for target in targets {
      let found = match(target, workspace: workspace)
      guard !found.isEmpty else {
        let names = Set(jobs.flatMap { [$0.stage, $0.name] })
        throw Fault(
          .usage, "no stage, instance or output is called '\(target)'",
          remedy: suggestion(for: target, among: Array(names)))
      }
      for index in found { wanted[index] = true }
    }
    for index in jobs.indices.reversed() where wanted[index] {
      for producer in jobs[index].producers { wanted[producer] = true }
    }
    return wanted
  }

  /// The indexes of the jobs that one target names.
  ///
  /// A path may be an output's link, something in it, or a folder of instances; it starts at the
  /// current directory or at the workspace.
  public func match(_ target: String, workspace: String) -> [Int] {
    let named = jobs.indices.filter { jobs[$0].stage == target || jobs[$0].name == target }
    guard named.isEmpty else { return named }
    let base = lexical(absolute(workspace)) + "/"
    for path in [absolute(target), base + target].map({ lexical($0) })
    where path.hasPrefix(base + "artifacts/") {
      let place = path.dropFirst(base.count)
      let found = jobs.indices.filter { index in
        let folder = jobs[index].folder
        return folder == place || folder.hasPrefix(place + "/")
          || jobs[index].outputs.contains {
            let link = "\(folder)/\($0.name)"
            return link == place || place.hasPrefix(link + "/")
          }
      }
      if !found.isEmpty { return found }
    }
    return []
  }
}
