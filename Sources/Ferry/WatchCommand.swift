import PipelineKit
import Platform

enum WatchCommand {
  static let command = Command(
    name: "watch", summary: "Run again whenever the manifest or a source changes.",
    operands: "[MANIFEST] [TARGET...]",
    options: RunCommand.command.options.filter { !["dry-run", "force"].contains($0.name) },
    run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    #if os(Linux)
      let program = ProgramRun()
      let words = [Files.resolve("/proc/self/exe"), "run"] + arguments.words
      while true {
        // A change during the run starts another run.
        let watch = try watch(arguments)
        let (status, isInterrupted) = try program.run(words)
        if isInterrupted || status == Fault.Code.interrupted.rawValue { break }
        if status == Fault.Code.usage.rawValue { return status }
        if !arguments.has("json") {
          Console.error("watching \(watch.count) folders for changes; Ctrl-C ends\n")
        }
        guard try watch.wait(interrupts: program.interrupts) else { break }
      }
      return Fault.Code.interrupted.rawValue
    #else
      throw Fault(.unavailable, "'ferry watch' needs Linux", remedy: "run 'ferry run' by hand")
    #endif
  }

  #if os(Linux)
    private static func watch(_ arguments: Arguments) throws -> FileWatch {
      let watch = try FileWatch()
      let path = arguments.manifest.path
      guard Files.status(path)?.kind == .file else {
        throw Fault(.missingInput, "there is no manifest at '\(path)'")
      }
      try watch.add(file: path)
      do {
        let pipeline = try Pipeline(
          path, workspace: arguments.value("workspace"), overrides: arguments.all("set"))
        try watch.add(pipeline.plan)
      } catch let faults as Faults {
        // The run tells of them; an edit of a file that one stands in may mend it.
        for file in Set(faults.list.compactMap { $0.place?.file }) { try watch.add(file: file) }
      }
      return watch
    }
  #endif
}
