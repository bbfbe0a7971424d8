import Artifacts
import Platform

extension Scheduler {
  /// Starts queued jobs for as long as resources last.
  func launchQueued() throws {
    guard !queue.isEmpty else { return }
    if stopsLaunching {
      for item in queue { phases[item.job] = .out }
      queue = []
      return
    }
    var later: [(job: Int, verdict: Evaluator.Verdict, reason: Reason)] = []
    var items = queue
    queue = []
    while !items.isEmpty {
      guard pool.freeProcessors > 0, attempts.count < executor.capacity.launches else { break }
      let item = items.removeFirst()
      let wanted = plan.jobs[item.job].resources
      guard let grant = pool.take(wanted, waiting: items.count + later.count) else {
        later.append(item)
        continue
      }
      if try launch(item.job, item.verdict, item.reason, grant) { continue }
      pool.give(back: grant)
    }
    queue = later + items + queue
  }

  /// Starts a job; false where another run or job has its action.
  private func launch(
    _ index: Int, _ verdict: Evaluator.Verdict, _ reason: Reason, _ grant: ResourcePool.Grant
  ) throws -> Bool {
    let job = plan.jobs[index]
    guard !heldKeys.contains(verdict.key), try workspace.lock(verdict.key) else {
      phases[index] = .contended
      contended.append((index, verdict, reason))
      reporter.report(.waiting(job))
      return false
    }
    heldKeys.insert(verdict.key)
    // Another run may have finished it between the decision and the lock.
    if reason != .forced, reason != .always, tries[index] == nil,
      case .present = try evaluator.standing(of: verdict.key, job)
    {
      release(verdict.key)
      phases[index] = .waiting
      ready.append(index)
      return false
    }
    phases[index] = .running
    tries[index, default: 0] += 1
    let folder = try workspace.makeAttempt(job.name)
    let now = Clock.steady
    var attempt = Attempt(
      verdict: verdict, reason: reason, folder: folder, grant: grant, start: now,
      wallStart: Clock.now, deadline: job.timeout.map { now + $0 })
    reporter.report(.started(job, reason: reason, threads: grant.threads))
    do {
      attempt.program = try programFile(of: job)
      try executor.start(try makeLaunch(job, verdict.key, folder, grant))
      attempts[index] = attempt
    } catch let fault as Fault {
      pool.give(back: grant)
      try giveUp(job, attempt, Ending(cause: .exit(127)), fault.located(at: job.place))
    }
    return true
  }

  func release(_ key: ActionKey) {
    heldKeys.remove(key)
    workspace.unlock(key)
  }

  private func makeLaunch(
    _ job: Job, _ key: ActionKey, _ folder: String, _ grant: ResourcePool.Grant
  ) throws -> Launch {
    var launch = Launch(
      job: job.index, name: job.name, folder: folder, grant: grant, timeout: job.timeout,
      arguments: [], environment: Self.environment(job, grant),
      directory: job.directory.map { Files.join(plan.root, $0) } ?? plan.root, log: "\(folder)/log",
      givesEvents: false)
    var own = [folder]
    if confinement.needsTemporaryFolder {
      launch.environment["TMPDIR"] = "\(folder)/temporary"
      try Files.makeDirectories("\(folder)/temporary")
    }
    switch job.program {
    case .stage(let program):
      let file = "\(folder)/parameters.json"
      try Files.write(JSONValue.object(job.parameters).canonicalBytes, to: file)
      let state = workspace.stateFolder(key)
      try Files.makeDirectories(state)
      own.append(state)
      launch.arguments = [program.path, "run"]
      for input in job.inputs {
        for origin in input.origins {
          launch.arguments += ["--in", "\(input.port)=\(try path(origin, folder))"]
        }
      }
      for output in job.outputs {
        launch.arguments += ["--out", "\(output.port)=\(folder)/out/\(output.port)"]
      }
      launch.arguments += [
        "--parameters", file, "--state", state, "--threads", "\(grant.threads)", "--json",
      ]
      launch.givesEvents = true
    case .command(let words):
      launch.arguments = try words.flatMap { try self.words($0, job, folder) }
    }
    try wrap(&launch, job, folder)
    for place in job.writes { try makeFolder(Files.join(plan.root, place)) }
    launch.writable = confinement.places(own, job.writes)
    return launch
  }

  /// Makes a folder of `writes:` that is not there yet; a name with a suffix is taken for a file.
  private func makeFolder(_ path: String) throws {
    guard !Files.exists(path), !Files.name(of: path).dropFirst().contains(".") else { return }
    try Files.makeDirectories(path)
  }

  /// Puts the wrapper's words first, and the program's path in place of its name.
  private func wrap(_ launch: inout Launch, _ job: Job, _ folder: String) throws {
    let wrapper = try job.wrapper.flatMap { try words($0, job, folder) }
    if wrapper.isEmpty, case .stage = job.program { return }
    launch.arguments = wrapper + launch.arguments
    let name = launch.arguments.first ?? ""
    guard let program = findProgram(name, root: launch.directory) else {
      throw Fault(.badInput, "there is no program '\(name)'", at: job.place)
    }
    launch.arguments[0] = program
  }

  /// The path a job reads an input from; `folder` is the attempt's.
  private func path(_ origin: Job.Origin, _ folder: String) throws -> String {
    switch origin {
    case .source(let index): return try evaluator.path(source: index)
    case .job(let index, let port):
      guard let digest = outputs[index]?[port] else { return "" }
      let object = workspace.store.path(digest)
      guard let output = plan.jobs[index].outputs.first(where: { $0.port == port }),
        !output.suffix.isEmpty
      else { return object }
      // Objects have no endings, which programs may go by.
      let place = "\(folder)/in/\(index)"
      let link = "\(place)/\(output.name)"
      try Files.makeDirectories(place)
      if !Files.exists(link) { try Files.symbolicLink(to: object, at: link) }
      return link
    }
  }

  /// One word of a command, which a list of inputs makes several.
  private func words(_ word: CommandWord, _ job: Job, _ folder: String) throws -> [String] {
    if word.parts.count == 1, case .input(let port) = word.parts[0] {
      return try job.inputs.first { $0.port == port }?.origins.map { try path($0, folder) } ?? []
    }
    let texts = try word.parts.map { part -> String in
      switch part {
      case .text(let text): return text
      case .input(let port):
        let origin = job.inputs.first { $0.port == port }?.origins.first
        return try origin.map { try path($0, folder) } ?? ""
      case .output(let port):
        return "\(folder)/out/\(job.outputs.first { $0.port == port }?.name ?? port)"
      case .place(.project): return plan.root
      case .place(.workspace): return absolute(workspace.path)
      }
    }
    return [texts.joined()]
  }

  /// Variables that every job sees; they change where programs are found, never what they make.
  private static let passed = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE",
    "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
    "NO_PROXY",
  ]
  /// The pass-phrase of archives; only stages that take one see it.
  private static let passphrase = (variable: "FERRY_PASSPHRASE", parameter: "passphrase_file")

  private static func environment(_ job: Job, _ grant: ResourcePool.Grant) -> [String: String] {
    var environment: [String: String] = [:]
    for name in passed { environment[name] = environmentValue(name) }
    if case .stage(let program) = job.program,
      program.contract.parameter(passphrase.parameter) != nil
    {
      environment[passphrase.variable] = environmentValue(passphrase.variable)
    }
    for (name, value) in job.environment { environment[name] = value }
    environment["FERRY_THREADS"] = "\(grant.threads)"
    environment["OMP_NUM_THREADS"] = "\(grant.threads)"
    environment["CUDA_VISIBLE_DEVICES"] = grant.gpus.joined(separator: ",")
    return environment
  }
}
