import Glibc
import Platform

/// The resources of this machine.
package enum Machine {
  /// Bytes of memory.
  static var memory: Int { Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE))) }

  /// The GPUs this process may use, as CUDA_VISIBLE_DEVICES names them.
  static var gpus: [String] {
    if let visible = environmentValue("CUDA_VISIBLE_DEVICES") { return gpus(visible) }
    let names = (try? Files.list("/dev")) ?? []
    return names.filter { $0.hasPrefix("nvidia") }.compactMap { Int($0.dropFirst(6)) }.sorted()
      .map(String.init)
  }

  /// The GPUs of a list of numbers, UUIDs (`GPU-...`) and MIG instances (`MIG-...`). The driver
  /// ignores what follows an invalid one, such as -1.
  package static func gpus(_ visible: String) -> [String] {
    let names = visible.split(separator: ",").map { String($0.filter { $0 != " " }) }
    return Array(
      names.prefix { name in
        if let number = Int(name) { return number >= 0 }
        return name.hasPrefix("GPU-") || name.hasPrefix("MIG-")
      })
  }

  static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
    return buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }
}

/// The resources that are free for jobs.
package struct ResourcePool {
  /// The resources held by one running job.
  package struct Grant {
    package var cpu: Int
    package var memory: Int
    package var gpus: [String]
    package var tokens: [String: Int]
    /// The number of threads the job is told to use.
    package var threads: Int
  }

  private let processors: Int
  private let totalMemory: Int
  private let allGPUs: [String]
  private let totalTokens: [String: Int]
  package private(set) var freeProcessors: Int
  private var freeMemory: Int
  private var freeGPUs: [String]
  private var freeTokens: [String: Int]

  package init(processors: Int, memory: Int, gpus: [String], tokens: [String: Int]) {
    self.processors = max(1, processors)
    totalMemory = memory
    allGPUs = gpus
    totalTokens = tokens
    freeProcessors = self.processors
    freeMemory = memory
    freeGPUs = gpus
    freeTokens = tokens
  }

  /// Why a job could not run even alone; nil where it could.
  package func obstacle(_ wanted: Resources) -> String? {
    if wanted.gpu > allGPUs.count {
      return
        "it needs \(wanted.gpu) GPU\(wanted.gpu == 1 ? "" : "s"), this machine offers \(allGPUs.count)"
    }
    for (name, count) in wanted.tokens.sorted(by: { $0.key < $1.key }) {
      let total = totalTokens[name] ?? 1
      if count > total { return "it needs \(count) of the token '\(name)', there is \(total)" }
    }
    return nil
  }

  /// Takes what a job needs, or nothing where that is not free.
  ///
  /// A job that wants more processors or memory than there is gets all. One that does not say how
  /// many processors it wants shares the free ones with the `waiting` others.
  package mutating func take(_ wanted: Resources, waiting: Int) -> Grant? {
    let cpu = min(wanted.cpu ?? 1, processors)
    let memory = min(wanted.memory, totalMemory)
    guard cpu <= freeProcessors, memory <= freeMemory, wanted.gpu <= freeGPUs.count else {
      return nil
    }
    for (name, count) in wanted.tokens where count > freeTokens[name] ?? 1 { return nil }
    let share = max(1, freeProcessors / max(1, waiting + 1))
    let grant = Grant(
      cpu: wanted.cpu == nil ? share : cpu, memory: memory,
      gpus: Array(freeGPUs.prefix(wanted.gpu)), tokens: wanted.tokens,
      threads: wanted.cpu == nil ? share : cpu)
    freeProcessors -= grant.cpu
    freeMemory -= memory
    freeGPUs.removeFirst(wanted.gpu)
    for (name, count) in wanted.tokens { freeTokens[name, default: 1] -= count }
    return grant
  }

  package mutating func give(back grant: Grant) {
    freeProcessors += grant.cpu
    freeMemory += grant.memory
    let free = Set(freeGPUs + grant.gpus)
    freeGPUs = allGPUs.filter { free.contains($0) }
    for (name, count) in grant.tokens { freeTokens[name, default: 0] += count }
  }
}
