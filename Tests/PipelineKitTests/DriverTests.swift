import Artifacts
import Glibc
import PipelineKit
import Platform
import Testing

/// `ferry` as a user meets it: signals, stages that misbehave, disks that do.
@Suite struct DriverTests {
  /// One stage that runs a script with its output as `$1` and the source as `$2`.
  static func makeDriver(_ script: String, more: String = "") throws -> Driver {
    let driver = try Driver(
      """
      ferry: 1
      sources: { a: a.txt }
      stages:
        one:
          command: [sh, -c, "${script}", sh, "${out.o}", "${in.i}"]
          in: { i: sources.a }
          out: { o: file }
          \(more)
      variables:
        script: |
          \(script.replacing("\n", with: "\n    "))
      """)
    try driver.write("a.txt", "text\n")
    return driver
  }

  /// The process that a running stage has named in its output.
  static func process(_ driver: Driver) throws -> pid_t? {
    let attempts = driver.folder(".ferry/attempts")
    guard Files.exists(attempts), let attempt = try Files.list(attempts).first else { return nil }
    let path = "\(attempts)/\(attempt)/out/o"
    guard Files.exists(path) else { return nil }
    return pid_t(try Files.readText(path).split(separator: "\n").first ?? "")
  }

  /// Whether a process ends soon; one that only waits to be noticed by its parent has ended.
  static func isGone(_ process: pid_t) -> Bool {
    eventually {
      guard kill(process, 0) == 0 else { return true }
      // The sizes of files in /proc are not known before they are read.
      let file = open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { return true }
      defer { close(file) }
      var bytes = [UInt8](repeating: 0, count: 512)
      let count = Glibc.read(file, &bytes, bytes.count)
      return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).contains(") Z ")
    }
  }

  @Test func anInterruptStopsStagesGently() throws {
    let driver = try Self.makeDriver(
      "trap 'echo farewell; exit 1' TERM\necho $$ > \"$1\"\nsleep 60 & wait")
    let program = try driver.start(["run", "--json"])
    #expect(try eventually { try Self.process(driver) != nil })
    let stage = try #require(try Self.process(driver))
    program.signal(SIGINT)
    let outcome = try program.finish()
    #expect(outcome.ending == .exit(130))
    #expect(Self.isGone(stage))
    #expect(!Files.exists(driver.folder(".ferry/artifacts/one/o")))
    let failed = driver.folder(".ferry/failed")
    let log = try Files.readText("\(failed)/\(try #require(try Files.list(failed).first))/log")
    #expect(log.contains("farewell"))
    let history = try driver.ferry("history", "--json").output
    #expect(history.contains("\"outcome\":\"interrupted\""))
  }

  @Test func aSecondInterruptStopsThemHard() throws {
    let driver = try Self.makeDriver(
      "trap '' TERM\necho $$ > \"$1\"\nwhile :; do sleep 1; done")
    let program = try driver.start(["run"])
    #expect(try eventually { try Self.process(driver) != nil })
    let stage = try #require(try Self.process(driver))
    program.signal(SIGINT)
    usleep(300_000)
    #expect(kill(stage, 0) == 0, "a stage that ignores the first is left alone at first")
    program.signal(SIGINT)
    #expect(try program.finish().ending == .exit(130))
    #expect(Self.isGone(stage))
  }

  @Test func aKilledDriverLeavesNoOrphans() throws {
    let driver = try Self.makeDriver("trap '' TERM HUP\necho $$ > \"$1\"\nsleep 60")
    let program = try driver.start(["run"])
    #expect(try eventually { try Self.process(driver) != nil })
    let stage = try #require(try Self.process(driver))
    program.signal(SIGKILL)
    _ = try program.finish()
    #expect(Self.isGone(stage))
  }

  @Test func whatAStageLeavesRunningIsStopped() throws {
    let driver = try Self.makeDriver("sleep 60 & echo $! > \"$1\"")
    #expect(try driver.ferry("run").ending == .exit(0))
    let left = try #require(pid_t(try driver.output("one/o").split(separator: "\n")[0]))
    #expect(Self.isGone(left))
  }

  @Test func timeoutsAndRetriesAreKept() throws {
    let driver = try Self.makeDriver("sleep 60", more: "timeout: 200ms\n    retries: 1")
    let outcome = try driver.ferry("run", "--json")
    #expect(outcome.ending == .exit(1))
    #expect(outcome.started == ["one", "one"])
    let failures = outcome.events.filter { $0["event"]?.string == "failed" }
    #expect(failures.map { $0["retry"]?.bool } == [true, false])
    #expect(failures[1]["message"]?.string == "it took longer than its timeout")
    let attempts = try driver.ferry("history", "1", "--json")
    #expect(attempts.output.contains("\"outcome\":\"timed out\""))
  }

  @Test func writesIntoAnInputAreFoundOut() throws {
    let driver = try Driver(
      """
      ferry: 1
      stages:
        one: { command: [sh, -c, 'echo one > "$1"', sh, "${out.o}"], out: { o: file } }
        two: { command: [sh, -c, 'chmod u+w "$2"; echo two >> "$2"; cp "$2" "$1"', sh, "${out.o}", "${in.i}"], in: { i: one.o }, out: { o: file }, writes: [/] }
      """)
    let outcome = try driver.ferry("run")
    #expect(outcome.ending == .exit(1))
    #expect(outcome.messages.contains("'two' wrote into its input 'one.o'"), "\(outcome.messages)")
    #expect(try driver.ferry("verify").ending == .exit(0))
    #expect(!Files.exists(driver.folder(".ferry/artifacts/two/o")))
  }

  @Test func writesIntoASourceAreFoundOut() throws {
    let driver = try Self.makeDriver("echo more >> \"$2\"; cp \"$2\" \"$1\"", more: "writes: [/]")
    let outcome = try driver.ferry("run")
    #expect(outcome.ending == .exit(1))
    #expect(outcome.messages.contains("a.txt' changed while 'one' ran"), "\(outcome.messages)")
  }

  @Test func outputsThatAreNotDeclaredAreNamed() throws {
    let driver = try Self.makeDriver("echo x > \"$1\"; echo y > \"$(dirname \"$1\")/extra\"")
    let outcome = try driver.ferry("run")
    #expect(outcome.ending == .exit(1))
    #expect(outcome.messages.contains("'one' made 'extra', which is none of its outputs"))
  }

  @Test func stagesCannotWriteElsewhere() throws {
    guard Confinement.version > 1 else {
      print("SKIPPED: this kernel has no Landlock, so stages are not confined")
      return
    }
    let script = "echo x > \"$1\"; mktemp > /dev/null; echo y > escaped.txt"
    let driver = try Self.makeDriver("set -e\n\(script)")
    let outcome = try driver.ferry("run")
    #expect(outcome.ending == .exit(1))
    #expect(outcome.messages.contains("escaped.txt: Permission denied"), "\(outcome.messages)")
    #expect(outcome.messages.contains("a stage may write only into its outputs"))
    #expect(!Files.exists(driver.folder("escaped.txt")))
    for place in ["writes: [.]", "writes: [/]", "writes: escaped.txt"] {
      try driver.write("escaped.txt", "")
      let allowed = try Self.makeDriver("set -e\n\(script)", more: place)
      try allowed.write("escaped.txt", "")
      let second = try allowed.ferry("run")
      #expect(second.ending == .exit(0), "\(place): \(second.messages)")
      #expect(try allowed.read("escaped.txt") == "y\n")
    }
  }

  /// What `ferry run` says to a manifest it refuses. However large that is, it costs a moment and
  /// little memory: the kernel holds the driver to `limit` MiB of address space and half a minute.
  static func refusal(_ manifest: String, limit: Int) throws -> String {
    let driver = try Driver(manifest)
    let outcome = try driver.script("ulimit -v \(limit << 10); ulimit -t 30; exec \"$FERRY\" run")
    #expect(outcome.ending == .exit(65), "\(outcome.messages.prefix(300))")
    #expect(outcome.messages.utf8.count < 10_000)
    return outcome.messages
  }

  @Test(arguments: [
    ("# a comment of thirty-two bytes\n", 100, "more than the limit", 200),
    ("[x,x,x,x,x,x,x,x,x,x,x,x,x,x,x],\n", 31, "more than 6000000 values", 900),
    ("[", 31, "nest deeper", 300), ("a: 1\n", 31, "stands twice", 300),
    ("\"", 31, "not YAML", 300),
  ])
  func hostileManifestsStayWithinBounds(
    piece: String, megabytes: Int, message: String, limit: Int
  ) throws {
    let start = piece.hasPrefix("[") ? "[" : piece == "\"" ? "a: " : ""
    let count = (megabytes << 20) / piece.utf8.count - 8
    let said = try Self.refusal(start + String(repeating: piece, count: count), limit: limit)
    #expect(said.contains(message), "\(said.prefix(300))")
  }

  @Test func anAliasBombTakesLittle() throws {
    var bomb = "ferry: 1\nvariables:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1..<12 {
      let inside = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      bomb += "  a\(level): &a\(level) [\(inside)]\n"
    }
    let said = try Self.refusal(bomb + "stages: { a: { command: [x] } }\n", limit: 200)
    #expect(said.contains("aliases expand"))
  }

  @Test func aMissingOutputIsNamed() throws {
    let driver = try Self.makeDriver("exit 0")
    let outcome = try driver.ferry("run")
    #expect(outcome.ending == .exit(1))
    #expect(outcome.messages.contains("made no output 'o'"))
  }

  /// Runs a script as root of a user namespace of its own; nil (and loud) where that is forbidden.
  static func isolated(_ driver: Driver, _ script: String) throws -> Outcome? {
    let unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    guard Files.exists("/usr/bin/unshare"),
      try driver.script("mount -t tmpfs none /mnt", wrapper: unshare).ending == .exit(0)
    else {
      print("SKIPPED: this machine allows no mounts in user namespaces")
      return nil
    }
    return try driver.script(script, wrapper: unshare)
  }

  @Test func aFullDiskLeavesTheOldStateOrTheNew() throws {
    let driver = try CrashTests.makeDriver()
    try driver.write("a.txt", "new\n")
    let outcome = try Self.isolated(
      driver,
      """
      mkdir disk
      mount -t tmpfs -o size=64m none disk
      cp ferry.yaml a.txt disk
      cd disk
      # Every free size from nothing to plenty, in pages.
      for free in 0 4 8 12 16 24 32 48 64 96 128 160 192 256 384 512; do
        rm -rf .ferry shared filler
        head -c $((60 * 1024 * 1024)) /dev/zero > filler
        mount -o remount,size=$((60 * 1024 + 16 + free))k .
        "$FERRY" run > ../log 2>&1 && echo "whole with $free" || echo "failed with $free: $?"
        rm filler
        "$FERRY" run > /dev/null 2>&1 || { echo "no recovery from $free"; exit 1; }
        "$FERRY" verify > /dev/null || { echo "damage from $free"; exit 1; }
        cat .ferry/artifacts/third/o > ../result.$free
        mount -o remount,size=64m .
      done
      """)
    guard let outcome else { return }
    #expect(outcome.ending == .exit(0), "\(outcome.output) \(outcome.messages)")
    #expect(outcome.output.contains("failed with 0"), "\(outcome.output)")
    #expect(outcome.output.contains("whole with 512"), "\(outcome.output)")
    #expect(try driver.read("result.0") == CrashTests.result("new\n"))
    #expect(try driver.read("result.96") == CrashTests.result("new\n"))
  }

  @Test func aReadOnlyWorkspaceAnswers() throws {
    let driver = try CrashTests.makeDriver()
    try driver.write("a.txt", "new\n")
    let outcome = try Self.isolated(
      driver,
      """
      mkdir space
      "$FERRY" run --workspace space
      mount --bind space space
      mount -o remount,bind,ro space
      "$FERRY" status --workspace space
      "$FERRY" run --workspace space
      "$FERRY" explain --workspace space third
      "$FERRY" verify --workspace space
      "$FERRY" history --workspace space
      echo changed > a.txt
      "$FERRY" status --workspace space
      "$FERRY" run --workspace space && exit 9 || echo "refused with $?"
      umount space
      "$FERRY" run --workspace space
      mount --bind space/store space/store
      mount -o remount,bind,ro space/store
      echo again > a.txt
      "$FERRY" run --workspace space && exit 9 || echo "store refused with $?"
      umount space/store
      "$FERRY" run --workspace space
      "$FERRY" verify --workspace space
      cat space/artifacts/third/o
      """)
    guard let outcome else { return }
    #expect(outcome.ending == .exit(0), "\(outcome.output) \(outcome.messages)")
    #expect(outcome.output.contains("3 up to date"))
    #expect(outcome.output.contains("\nrefused with"), "\(outcome.output)")
    #expect(outcome.output.contains("store refused with"))
    #expect(outcome.messages.contains("Read-only file system"), "\(outcome.messages)")
    #expect(outcome.output.hasSuffix(CrashTests.result("again\n")))
  }
}
