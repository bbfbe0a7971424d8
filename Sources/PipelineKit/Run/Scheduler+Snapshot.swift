import Artifacts
import Platform

extension Scheduler {
  /// Leaves a snapshot of a run after which every wanted job is up to date; nothing where a stamp
  /// is racy or a job did not settle.
  func writeSnapshot(_ identity: Digest) {
    // What runs always, and what a pattern finds, is not seen from stamps.
    guard !plan.jobs.contains(where: { $0.always && options.wanted[$0.index] }),
      !evaluator.knownSources.contains(where: { plan.sources[$0.index].pattern != nil })
    else { return }
    guard !workspace.state.isReadOnly, let writer = makeSnapshot() else { return }
    let count = options.wanted.count { $0 }
    try? writer.write(jobs: count, to: Snapshot.path(workspace.path, identity))
  }

  private func makeSnapshot() -> Snapshot.Writer? {
    var writer = Snapshot.Writer()
    guard addManifests(&writer), addSources(&writer) else { return nil }
    var programs: Set<String> = []
    var variables: Set<String> = []
    for job in plan.jobs {
      for (name, value) in job.environment where variables.insert(name).inserted {
        writer.variable(name, value)
      }
      if case .stage(let program) = job.program,
        programs.insert(program.contract.name).inserted
      {
        writer.stage(FileStamp(program.status), program.contract.name, program.path)
      }
    }
    guard addLinks(&writer) else { return nil }
    return writer
  }

  private func addManifests(_ writer: inout Snapshot.Writer) -> Bool {
    for file in plan.files {
      guard let status = Files.status(file.path), (try? Digest(ofFile: file.path)) == file.digest
      else { return false }
      let stamp = FileStamp(status)
      guard !stamp.isRacy(readAt: Clock.nanoseconds) else { return false }
      writer.file(stamp, absolute(file.path))
    }
    for path in plan.pinnedPrograms {
      guard let stamp = Files.status(path).map({ FileStamp($0) }),
        !stamp.isRacy(readAt: Clock.nanoseconds)
      else { return false }
      writer.file(stamp, absolute(path))
    }
    return true
  }

  private func addSources(_ writer: inout Snapshot.Writer) -> Bool {
    for (index, digest) in evaluator.knownSources {
      let path = absolute(plan.sources[index].path)
      guard let status = Files.status(path) else { return false }
      guard status.kind == .file else {
        writer.folder(digest, path)
        continue
      }
      guard let stamp = try? evaluator.trees.cleanStamp(ofFile: path) else { return false }
      writer.file(stamp, path)
    }
    return true
  }

  private func addLinks(_ writer: inout Snapshot.Writer) -> Bool {
    // Folders are looked at before what is in them, so that a later change shows.
    var shards: [[UInt8]?] = Array(repeating: nil, count: 256)
    for name in (try? Files.list("\(workspace.store.root)/objects")) ?? [] {
      guard name.utf8.count == 2, let number = UInt8(name, radix: 16) else { continue }
      let path = "store/objects/\(name)"
      let stamp = calmStamp("\(workspace.path)/\(path)")
      shards[Int(number)] = stamp?.bytes
      writer.shard(stamp, number, path)
    }
    for job in plan.jobs where options.wanted[job.index] {
      guard case .settled = phases[job.index], let found = outputs[job.index] else { return false }
      guard hasBytes[job.index], !job.outputs.isEmpty else { continue }
      if let item = evaluator.knownItems[job.index],
        evaluator.links?.copy(item, shards, { writer.place($0) }) == true
      {
        continue
      }
      let stamp = calmStamp("\(workspace.path)/\(job.folder)")
      guard evaluator.isLinked(job, found) else { return false }
      var links: [Snapshot.Link] = []
      for output in job.outputs {
        let link = job.link(output.port)
        guard let status = Files.status("\(workspace.path)/\(link)"),
          let digest = found[output.port]
        else { return false }
        links.append(
          .init(device: status.device, inode: status.inode, digest: digest, path: link))
      }
      writer.place(stamp, job.folder, links)
    }
    return true
  }

  /// A folder's stamp, where it is sure to change with the folder.
  private func calmStamp(_ path: String) -> FileStamp? {
    let now = Clock.nanoseconds
    guard let status = Files.status(path) else { return nil }
    let stamp = FileStamp(status)
    return stamp.isRacy(readAt: now) ? nil : stamp
  }
}
