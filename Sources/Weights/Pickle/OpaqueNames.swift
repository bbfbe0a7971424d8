import Platform

/// The names of non-data objects that a pickle asks for.
enum OpaqueNames {
  /// The refusal of a file in which nothing but such names was found.
  ///
  /// - Parameter names: at least one.
  static func fault(_ names: [String], at place: Fault.Place?) -> Fault {
    let more = names.count > 1 ? " (and for \(names.count - 1) more)" : ""
    return Fault(
      .badInput,
      "the pickle asks for '\(names[0])'\(more), which is not on the list of allowed names",
      at: place,
      remedy: "nothing was executed; if you trust the file, save its state_dict alone, "
        + "or as safetensors")
  }
}
