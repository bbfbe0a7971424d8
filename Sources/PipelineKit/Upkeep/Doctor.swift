import Artifacts
import Glibc
import Platform

/// Looks at what a pipeline needs before it is needed.
public enum Doctor {
  public struct Finding: Sendable {
    public var subject: String
    public var isGood: Bool
    public var text: String
    public var remedy: String?

    public var json: JSONValue {
      [
        "subject": .string(subject), "good": .bool(isGood), "text": .string(text),
        "remedy": remedy.map { .string($0) } ?? .null,
      ]
    }
  }

  public static func examine(workspace path: String) -> [Finding] {
    var findings = [machine, confinement]
    let base = Files.isDirectory(path) ? path : Files.parent(of: path)
    findings += [space(base), fileSystem(base)]
    findings += stages()
    if Files.isDirectory(path) { findings += [state(path), attempts(path)] }
    return findings
  }

  private static var machine: Finding {
    let gpus = Machine.gpus.count
    return Finding(
      subject: "machine", isGood: true,
      text: "\(Parallel.processors) processors, \(describe(bytes: Machine.memory)), "
        + "\(gpus) GPU\(gpus == 1 ? "" : "s")")
  }

  private static var confinement: Finding {
    let holds = Confinement.version > 1
    return Finding(
      subject: "confinement", isGood: true,
      text: holds
        ? "the kernel keeps stages from writing outside their own folders"
        : "this kernel cannot keep stages from writing elsewhere (no Landlock)")
  }

  private static func space(_ folder: String) -> Finding {
    var info = statvfs()
    guard statvfs(folder, &info) == 0 else {
      return Finding(subject: "disk", isGood: false, text: "cannot look at '\(folder)'")
    }
    let free = Int(info.f_bavail) * Int(info.f_frsize)
    return Finding(
      subject: "disk", isGood: free > 1 << 30, text: "\(describe(bytes: free)) free",
      remedy: free > 1 << 30 ? nil : "make room, for example with 'ferry gc'")
  }

  /// Whether the file system has what publication relies on.
  private static func fileSystem(_ folder: String) -> Finding {
    let probe = Files.join(folder, ".ferry-doctor-\(getpid())")
    defer { try? Files.removeTree(probe) }
    do {
      try Files.makeDirectories(probe)
      try Files.symbolicLink(to: "a", at: "\(probe)/link")
      try Files.symbolicLink(to: "b", at: "\(probe)/new")
      try Files.rename("\(probe)/new", to: "\(probe)/link")
      let space = try Workspace(probe, create: true)
      _ = try space.lockStore(alone: true)
      return Finding(
        subject: "file system", isGood: true, text: "links, renames, locks and SQLite work")
    } catch {
      return Finding(
        subject: "file system", isGood: false, text: "\(error)",
        remedy: "put the workspace on a local disk with --workspace")
    }
  }

  private static func stages() -> [Finding] {
    guard let state = try? State.inMemory() else { return [] }
    let catalogue = StageCatalogue(state)
    let names = catalogue.names
    if names.isEmpty {
      return [
        Finding(
          subject: "stages", isGood: false, text: "no executable 'ferry-<stage>' is found",
          remedy: "build them beside ferry, or name their folder in FERRY_STAGES")
      ]
    }
    var found: [Finding] = []
    var own: [(finding: Finding, stages: [String])] = []
    for name in names {
      do {
        let program = try catalogue.program(name)
        found.append(
          Finding(
            subject: "stage \(name)", isGood: true,
            text: "revision \(program.contract.revision), \(program.path)"))
        for finding in examination(program.path) {
          if let place = own.firstIndex(where: { $0.finding.json == finding.json }) {
            own[place].stages.append(name)
          } else {
            own.append((finding, [name]))
          }
        }
      } catch {
        found.append(
          Finding(
            subject: "stage \(name)", isGood: false, text: "\(error)", remedy: "build it again"))
      }
    }
    return found
      + own.map { finding, stages in
        var finding = finding
        finding.subject += " of \(stages.joined(separator: ", "))"
        return finding
      }
  }

  /// A stage's findings about this machine; empty if it cannot report any.
  private static func examination(_ program: String) -> [Finding] {
    guard
      let bytes = try? capture([program, "examine"], limit: 1 << 20, seconds: 30, quietly: true),
      let answers = try? JSONValue.parse(bytes, file: program).array
    else { return [] }
    return answers.compactMap { answer in
      guard let subject = answer["subject"]?.string, let text = answer["text"]?.string else {
        return nil
      }
      return Finding(
        subject: subject, isGood: answer["good"]?.bool ?? true, text: text,
        remedy: answer["remedy"]?.string)
    }
  }

  private static func state(_ path: String) -> Finding {
    do {
      let state = try State.open(path)
      let answer = try state.database.first("PRAGMA quick_check(1)") { $0.text(0) }
      return Finding(
        subject: "state", isGood: answer == "ok", text: answer == "ok" ? "sound" : answer ?? "",
        remedy: answer == "ok" ? nil : "it is set aside by the next run; results are kept")
    } catch {
      return Finding(subject: "state", isGood: false, text: "\(error)")
    }
  }

  private static func attempts(_ path: String) -> Finding {
    let left = (try? Files.list("\(path)/attempts").count) ?? 0
    let failed = (try? Files.list("\(path)/failed").count) ?? 0
    return Finding(
      subject: "leftovers", isGood: true,
      text: "\(left) of running or killed runs, \(failed) of failed attempts",
      remedy: left + failed > 0 ? "'ferry gc' removes them" : nil)
  }
}
