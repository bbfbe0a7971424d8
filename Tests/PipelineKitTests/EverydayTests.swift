import Artifacts
import Glibc
import PipelineKit
import Platform
import Testing

/// The driver amid what happens on real machines: odd files, small limits, signals.
@Suite struct EverydayTests {
  /// A stage `one` that runs `script` with its output as `$1`, beside a stage `good`.
  private static func makeDriver(_ script: String, more: String = "") throws -> Driver {
    let driver = try Driver(
      """
      ferry: 1
      stages:
        one:
          command: [sh, script.sh, "${out.o}"]
          out: { o: files }
          \(more)
        good: { command: [sh, -c, 'echo good > "$1"', sh, "${out.o}"], out: { o: file } }
      """)
    try driver.write("script.sh", script)
    return driver
  }

  @Test(arguments: [
    // A name that is no text, beside the output and in it.
    "mkdir \"$1\"; touch \"$1/../$(printf 'bad\\377name')\"",
    "mkdir \"$1\"; touch \"$1/$(printf 'bad\\377name')\"",
    // A path longer than the kernel takes.
    "mkdir \"$1\"; cd \"$1\"; i=0; while [ $i -lt 60 ]; do d=$(printf '%0100d' $i); "
      + "mkdir $d; cd -P ./$d 2> /dev/null || break; i=$((i + 1)); done; touch file",
  ])
  func oddFilesAreAFaultOfTheirJob(_ script: String) throws {
    let driver = try Self.makeDriver(script)
    let outcome = try driver.ferry("run", "--keep-going")
    #expect(outcome.ending == .exit(1), "\(outcome.messages)")
    #expect(try driver.output("good/o") == "good\n")
    #expect(try driver.ferry("gc").ending == .exit(0))
    #expect(try Files.list(driver.folder(".ferry/failed")).isEmpty)
  }

  @Test func tooManyArgumentsAreAFaultOfTheirJob() throws {
    let long = String(repeating: "x", count: 200_000)
    let driver = try Driver(
      """
      ferry: 1
      variables: { long: "\(long)" }
      stages:
        one: { command: [sh, -c, 'touch "$1"', sh, "${out.o}", "${long}"], out: { o: file } }
        good: { command: [sh, -c, 'echo good > "$1"', sh, "${out.o}"], out: { o: file } }
      """)
    let outcome = try driver.ferry("run", "--keep-going")
    #expect(outcome.ending == .exit(1))
    #expect(outcome.messages.contains("Argument list too long"))
    #expect(outcome.messages.contains("ferry.yaml:4"), "\(outcome.messages.prefix(500))")
    #expect(try driver.output("good/o") == "good\n")
  }

  @Test func longNamesAreShortened() throws {
    let axes = (0..<12).map { "axis\($0): [\(String(repeating: "ü", count: 150))\($0)]" }
    let driver = try Driver(
      """
      ferry: 1
      stages:
        one:
          command: [sh, -c, 'echo "$1" > "$2"', sh, "${matrix.axis3}", "${out.o}"]
          matrix: { \(axes.joined(separator: ", ")) }
          out: { o: file }
      """)
    #expect(try driver.ferry("run").ending == .exit(0))
    let again = try driver.ferry("run", "--json")
    #expect(again.ending == .exit(0) && again.started == [])
    #expect(try driver.ferry("gc").ending == .exit(0))
    #expect(try driver.ferry("verify").ending == .exit(0))
  }

  @Test func aSmallLimitOfOpenFilesBoundsTheJobs() throws {
    let driver = try Driver(
      """
      ferry: 1
      stages:
        one:
          command: [sh, -c, 'sleep 0.3; ulimit -n > "$1"', sh, "${out.o}"]
          matrix: { a: [1, 2, 3, 4, 5, 6, 7, 8, 9], b: [1, 2, 3, 4, 5, 6, 7, 8, 9] }
          out: { o: file }
          resources: { cpu: 1 }
      """)
    let hard = try driver.script("ulimit -n 160; exec \"$FERRY\" run --jobs 81")
    #expect(hard.ending == .exit(0), "\(hard.messages)")
    try Files.removeTree(driver.folder(".ferry"))
    // The soft limit alone is no bound, and stages keep it.
    let soft = try driver.script("ulimit -S -n 60; exec \"$FERRY\" run --jobs 81")
    #expect(soft.ending == .exit(0), "\(soft.messages)")
    #expect(try driver.output("one/a=1/b=1/o") == "60\n")
  }

  @Test func anIgnoredHangUpStaysIgnored() throws {
    let driver = try Self.makeDriver(
      "touch started; sleep 1; mkdir \"$1\"; touch \"$1/o\"", more: "writes: [/]")
    let program = try Program(
      ["/bin/sh", "-c", "trap '' HUP; exec '\(Driver.binaries)/ferry' run"], in: driver.folder(""),
      environment: [:])
    #expect(eventually { Files.exists(driver.folder("started")) })
    kill(-program.process, SIGHUP)
    #expect(try program.finish().ending == .exit(0))
  }

  @Test func theStopKeyStopsTheStagesToo() throws {
    let driver = try Self.makeDriver(
      "i=0; while [ $i -lt 200 ]; do echo $i > count; sleep 0.02; i=$((i + 1)); done; "
        + "mkdir \"$1\"; touch \"$1/o\"", more: "writes: [/]\n    timeout: 60s")
    let program = try driver.start(["run"])
    #expect(eventually { Files.exists(driver.folder("count")) })
    program.signal(SIGTSTP)
    let process = program.process
    let isStopped = try eventually {
      let stat = try Files.read(0..<256, of: "/proc/\(process)/stat")
      return String(decoding: stat, as: UTF8.self).contains(") T ")
    }
    #expect(isStopped)
    let before = try driver.read("count")
    usleep(300_000)
    #expect(try driver.read("count") == before)
    program.signal(SIGCONT)
    #expect(try program.finish().ending == .exit(0))
    #expect(try driver.read("count") == "199\n")
  }

  @Test func programsStayExecutable() throws {
    let driver = try Self.makeDriver(
      "mkdir \"$1\"; echo 'echo it runs' > \"$1/tool\"; chmod +x \"$1/tool\"; touch \"$1/data\"")
    #expect(try driver.ferry("run").ending == .exit(0))
    let mode = Files.status(driver.folder(".ferry/artifacts/one/o/tool"))?.mode ?? 0
    #expect(mode & 0o777 == 0o555)
    #expect(access(driver.folder(".ferry/artifacts/one/o/data"), X_OK) != 0)
  }

  @Test func aFolderToWriteToIsMade() throws {
    let driver = try Self.makeDriver(
      "mkdir \"$1\"; touch \"$1/o\"; echo line > logs/of/one", more: "writes: [logs/of]")
    #expect(try driver.ferry("run").ending == .exit(0))
    #expect(try driver.read("logs/of/one") == "line\n")
  }

  @Test func keysAndSettingsOfTheUserAreOutOfReach() throws {
    guard Confinement.version > 1 else {
      print("SKIPPED: this kernel has no Landlock, so stages are not confined")
      return
    }
    let driver = try Self.makeDriver(
      "mkdir \"$1\"; touch \"$1/o\"; touch \"$HOME/.cache/fine\"; "
        + "echo key >> \"$HOME/.ssh/authorized_keys\"")
    // Under /tmp everything may be written to, so this home lies beside the build.
    let home = Driver.binaries + "/../home-\(getpid())-\(Files.temporaryNumber())"
    defer { try? Files.removeTree(home) }
    for name in [".ssh", ".cache"] { try Files.makeDirectories("\(home)/\(name)") }
    let outcome = try driver.ferry("run", environment: ["HOME": home])
    #expect(outcome.ending == .exit(1), "\(outcome.messages)")
    #expect(Files.exists("\(home)/.cache/fine"))
    #expect(!Files.exists("\(home)/.ssh/authorized_keys"))
  }

  @Test func thePassphraseReachesNoCommand() throws {
    let driver = try Self.makeDriver("mkdir \"$1\"; env > \"$1/seen\"")
    let outcome = try driver.ferry("run", environment: ["FERRY_PASSPHRASE": "open sesame"])
    #expect(outcome.ending == .exit(0))
    #expect(!(try driver.output("one/o/seen").contains("sesame")))
  }

  @Test func statusReadsAReadOnlyWorkspaceBesideARun() throws {
    let driver = try Driver(
      """
      ferry: 1
      stages:
        quick: { command: [sh, -c, 'sleep 0.4; echo x > "$1"', sh, "${out.o}"], out: { o: file } }
        slow:
          command: [sh, -c, 'while [ ! -e end ]; do sleep 0.05; done; cp "$2" "$1"', sh, "${out.o}", "${in.i}"]
          in: { i: quick.o }
          out: { o: file }
      """)
    let outcome = try DriverTests.isolated(
      driver,
      """
      mkdir space view
      mount --bind space view
      mount -o remount,bind,ro view
      "$FERRY" run --workspace space > log 2>&1 &
      tries=0
      while [ ! -e space/artifacts/quick/o ] && [ $tries -lt 400 ]; do
        sleep 0.05
        tries=$((tries + 1))
      done
      "$FERRY" status --workspace view
      touch end
      wait
      """)
    guard let outcome else { return }
    #expect(outcome.ending == .exit(0), "\(outcome.output) \(outcome.messages)")
    #expect(outcome.output.contains("quick  up to date"), "\(outcome.output) \(outcome.messages)")
  }
}
