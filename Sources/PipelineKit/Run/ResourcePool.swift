import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What this machine has.
enum Machine {
  /// Bytes of memory.
  static var memory: Int { Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE))) }

  /// The numbers of the GPUs this process may use.
  static var gpus: [Int] {
    if let visible = environmentValue("CUDA_VISIBLE_DEVICES") {
      return visible.split(separator: ",").compactMap { Int($0) }
    }
    let names = (try? Files.list("/dev")) ?? []
    return names.filter { $0.hasPrefix("nvidia") }.compactMap { Int($0.dropFirst(6)) }.sorted()
  }

  static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
    return buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }
}

/// What is free for jobs.
package struct ResourcePool {
  /// What one running job holds.
  package struct Grant {
    package var cpu: Int
    package var memory: Int
    package var gpus: [Int]
    package var tokens: [String: Int]
    /// The number of threads the job is told to use.
    package var threads: Int
  }

  private let processors: Int
  private let totalMemory: Int
  private let totalGPUs: Int
  private let totalTokens: [String: Int]
  package private(set) var freeProcessors: Int
  private var freeMemory: Int
  private var freeGPUs: [Int]
  private var freeTokens: [String: Int]

  package init(processors: Int, memory: Int, gpus: [Int], tokens: [String: Int]) {
    self.processors = max(1, processors)
    totalMemory = memory
    totalGPUs = gpus.count
    totalTokens = tokens
    freeProcessors = self.processors
    freeMemory = memory
    freeGPUs = gpus
    freeTokens = tokens
  }

  /// Why a job could not run even alone; nil where it could.
  package func obstacle(_ wanted: Resources) -> String? {
    if wanted.gpu > totalGPUs {
      return
        "it needs \(wanted.gpu) GPU\(wanted.gpu == 1 ? "" : "s"), this machine offers \(totalGPUs)"
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
    freeGPUs = (freeGPUs + grant.gpus).sorted()
    for (name, count) in grant.tokens { freeTokens[name, default: 0] += count }
  }
}
