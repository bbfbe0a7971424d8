import Artifacts
import Glibc
import PipelineKit
import Platform
import Testing

/// What `ferry run` shows on a terminal, and what the terminal's keys do.
@Suite struct TerminalTests {
  /// A stage that tells how far it is, notes its process in `stage.pid`, and ignores a gentle end.
  static let contract = Contract(
    name: "slow", revision: 1, summary: "Takes its time.",
    parameters: [ContractParameter("n", .integer, default: 0, help: "Any number.")],
    outputs: [ContractPort("model", help: "Nothing.")])
  static let program = """
    #!/bin/sh
    case "$1" in
    describe) cat "$0.json" ;;
    run)
      trap '' TERM
      echo '{"event":"progress","done":5,"total":10,"unit":"images","rate":2.5,"eta":42,"message":""}'
      echo $$ > stage.pid
      while :; do sleep 0.1; done ;;
    esac
    """

  static func makeDriver(_ manifest: String) throws -> Driver {
    let driver = try Driver(manifest)
    try driver.write("stages/ferry-slow", program)
    try driver.write("stages/ferry-slow.json", contract.json.canonical)
    #expect(try driver.script("chmod +x stages/ferry-slow").ending == .exit(0))
    return driver
  }

  static func environment(_ driver: Driver) -> [String: String] {
    ["FERRY_STAGES": driver.folder("stages")]
  }

  static func terminal(_ driver: Driver, rows: Int = 24, columns: Int = 100) throws -> Terminal {
    try Terminal(
      ["\(Driver.binaries)/ferry", "run", "--jobs", "8"], in: driver.folder(""),
      environment: environment(driver), rows: rows, columns: columns)
  }

  /// The process of the running stage.
  static func stage(_ driver: Driver) throws -> pid_t {
    let path = driver.folder("stage.pid")
    #expect(try eventually { try Files.exists(path) && !Files.readText(path).isEmpty })
    return try #require(pid_t(try Files.readText(path).split(separator: "\n").first ?? ""))
  }

  static let two = """
    ferry: 1
    stages:
      quick: { command: [sh, -c, 'echo x > "$1"', sh, "${out.o}"], out: { o: file } }
      slow: { stage: slow, writes: [.] }
    """

  @Test func aLineARunningStageWithBarRateAndTime() throws {
    let driver = try Self.makeDriver(Self.two)
    let terminal = try Self.terminal(driver)
    let line = "[1/2] slow  "
    #expect(terminal.shows(line), "\(terminal.shown)")
    #expect(terminal.shows("[##########..........]  5/10 images  2.5/s  ETA 42 s"))
    #expect(terminal.shown.contains("quick: built in "))
    // The line is drawn again in place: up by as many lines as there were, then cleared.
    #expect(terminal.shows("\u{1B}[1A\u{1B}[J\(line)"))
    let before = terminal.shown.count
    terminal.resize(rows: 24, columns: 30)
    #expect(terminal.shows("\u{1B}[J\(line)", after: before))
    let drawn = terminal.shown.count
    #expect(terminal.shows("\u{1B}[1A\u{1B}[J\(line)", after: drawn))
    let last = terminal.shown.dropFirst(drawn).split(separator: "\u{1B}[J").dropFirst().first ?? ""
    let text = last.split(separator: "\r\n").first ?? ""
    #expect(text.hasPrefix(line) && text.count < 30, "'\(text)' does not fit")
    kill(try Self.stage(driver), SIGKILL)
    #expect(terminal.finish() == .exit(1))
    #expect(terminal.shown.contains("slow: failed: it ended with signal 9"))
    #expect(terminal.shown.contains("2 stages: 1 built, 1 failed ("))
  }

  @Test func moreStagesThanLinesAreCounted() throws {
    let driver = try Self.makeDriver(
      Self.two.replacing(
        "slow: {", with: "slow: { matrix: { n: [1, 2, 3, 4, 5, 6] }, with: { n: \"${matrix.n}\" },")
    )
    let terminal = try Self.terminal(driver, rows: 6)
    #expect(terminal.shows("slow[n=3]"), "\(terminal.shown)")
    #expect(terminal.shows("and 3 more"), "\(terminal.shown)")
    terminal.type("\u{3}")
    #expect(terminal.shows("stopping;"))
    terminal.type("\u{3}")
    #expect(terminal.finish() == .exit(130))
    #expect(!terminal.shown.contains("\u{1B}[5A"), "it never goes up beyond the terminal's lines")
  }

  @Test func controlCStopsGentlyAndThenHard() throws {
    let driver = try Self.makeDriver(Self.two)
    let terminal = try Self.terminal(driver)
    let stage = try Self.stage(driver)
    #expect(getpgid(stage) == stage, "a stage leads a process group of its own")
    #expect(getpgid(stage) != getpgid(terminal.process))
    terminal.type("\u{3}")
    #expect(terminal.shows("stopping; press Ctrl-C again to stop hard"), "\(terminal.shown)")
    usleep(200_000)
    #expect(kill(stage, 0) == 0, "the terminal's signal does not reach the stage")
    terminal.type("\u{3}")
    #expect(terminal.shows("stopping hard"))
    #expect(terminal.finish() == .exit(130))
    #expect(DriverTests.isGone(stage))
    #expect(terminal.shown.contains("interrupted"))
    #expect(try driver.ferry("history", "--json").output.contains("\"outcome\":\"interrupted\""))
  }

  @Test func noEscapeCodesElsewhere() throws {
    let driver = try Self.makeDriver(Self.two)
    let program = try driver.start(["run"], environment: Self.environment(driver))
    let stage = try Self.stage(driver)
    usleep(500_000)
    kill(stage, SIGKILL)
    let outcome = try program.finish()
    #expect(outcome.ending == .exit(1))
    #expect(outcome.messages.contains("/2] quick: built in "), "\(outcome.messages)")
    for text in [outcome.messages, outcome.output] {
      #expect(!text.utf8.contains(0x1B) && !text.utf8.contains(UInt8(ascii: "\r")))
    }
  }

  @Test func wideNamesKeepToTheirLine() throws {
    let driver = try Self.makeDriver(
      Self.two.replacing(
        "slow: {",
        with: "slow: { matrix: { n: [\"\(String(repeating: "\u{6F22}\u{5B57}", count: 30))\"] },"))
    let terminal = try Self.terminal(driver, columns: 40)
    let up = "\u{1B}[1A\u{1B}[J"
    #expect(terminal.shows(up), "\(terminal.shown)")
    let start = terminal.shown.count
    #expect(terminal.shows(up, after: start))
    let drawn = terminal.shown.components(between: up)
    #expect(!drawn.isEmpty)
    for line in drawn.flatMap({ $0.split(separator: "\r\n") }) {
      #expect(columns(line) < 40, "'\(line)' takes \(columns(line)) columns")
    }
    kill(try Self.stage(driver), SIGKILL)
    #expect(terminal.finish() == .exit(1))
  }

  @Test func aDumbTerminalGetsPlainLines() throws {
    let driver = try Self.makeDriver(Self.two)
    var environment = Self.environment(driver)
    environment["TERM"] = "dumb"
    let terminal = try Terminal(
      ["\(Driver.binaries)/ferry", "run"], in: driver.folder(""), environment: environment)
    #expect(terminal.shows("slow: runs"), "\(terminal.shown)")
    kill(try Self.stage(driver), SIGKILL)
    #expect(terminal.finish() == .exit(1))
    #expect(!terminal.shown.utf8.contains(0x1B))
  }

  @Test func namesAndLogsCannotMoveTheCursor() throws {
    let driver = try Driver(
      """
      ferry: 1
      stages:
        a:
          command: [sh, -c, 'printf "red \\033[31mtext\\033[0m \\033]0;title\\007end\\rover\\n"; exit 3']
          matrix: { n: ["x\\e[2Jy"] }
      """)
    let terminal = try Terminal(
      ["\(Driver.binaries)/ferry", "run"], in: driver.folder(""), environment: ["TERM": "xterm"])
    #expect(terminal.finish() == .exit(1))
    #expect(terminal.shown.contains("  | red text end over"), "\(terminal.shown)")
    #expect(terminal.shown.contains("a[n=xy]: failed"))
    for piece in terminal.shown.split(separator: "\u{1B}").dropFirst() {
      #expect(piece.hasPrefix("[1A") || piece.hasPrefix("[J"), "\(piece)")
    }
    let status = try driver.ferry("status")
    #expect(status.output.contains("a[n=xy]") && !status.output.utf8.contains(0x1B))
  }

  @Test func controlCharactersAreTakenOut() {
    #expect(plain("a\tb\n") == "a\tb\n")
    #expect(plain("\u{1B}[1;31mred\u{1B}[0m \u{9B}2Jx\u{1B}(By\u{7}") == "red xy\u{FFFD}")
    #expect(plain("\u{1B}]8;;http://x\u{1B}\\link\u{1B}]8;;\u{7}") == "link")
    #expect(plain("\u{1B}]open\nnext\u{1B}") == "\nnext")
    #expect(plain("10%\r20%\r\n") == "10% 20%\n")
    #expect(plain("a\u{202E}b\u{2014}\u{E9}") == "ab\u{2014}\u{E9}")
    #expect(columns("a\u{6F22}e\u{301}\u{1F600}") == 6)
    #expect(fitting("\u{6F22}\u{5B57}", columns: 3) == "\u{6F22}")
  }
}

extension String {
  /// What stands between two occurrences of `mark`.
  fileprivate func components(between mark: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let found = rest.firstRange(of: mark) {
      parts.append(String(rest[..<found.lowerBound]))
      rest = rest[found.upperBound...]
    }
    return Array(parts.dropFirst())
  }
}
