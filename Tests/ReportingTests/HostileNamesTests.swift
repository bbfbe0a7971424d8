import Reporting
import Testing

/// Names from data act as text in every format.
@Suite struct HostileNamesTests {
  static let names = [
    "<script>alert(1)</script>", "</style><img src=x onerror=alert(1)>", "\" onclick=\"x\" b=\"",
    "=cmd|' /C calc'!A0", "\\input{/etc/passwd}", "100% & #1_{x}^~$", "a|b`*_[x](javascript:1)",
    "\u{202E}gpj.exe", "line\nbreak", "\u{1B}]0;title\u{7}",
  ]

  func hostile(_ name: String) throws -> ReportedResult {
    try Fabricated(
      method: name, classes: [name, "neutral", "anger"], testedOn: name, protocolName: name,
      ids: [name] + (1..<30).map { "\(name)\($0)" }, attribute: name
    ).result()
  }

  @Test(arguments: names) func pagesShowNamesAsText(_ name: String) throws {
    let html = Page(title: name, results: [try hostile(name)], models: []).html
    #expect(!html.contains("<script") && !html.contains("<img"))
    #expect(!html.contains("onclick=\""))
    #expect(html.components(of: "<style>") == 2 && html.components(of: "</style>") == 2)
    let harmful = html.unicodeScalars.contains {
      ($0.value < 0x20 && $0 != "\n") || $0.value == 0x202E
    }
    #expect(!harmful)
  }

  @Test(arguments: names) func tablesShowNamesAsText(_ name: String) throws {
    let table = ResultTable([try hostile(name)])
    let markdown = table.text(.markdown)
    #expect(markdown.split(separator: "\n").count == 3)
    #expect(!markdown.contains("<") && !markdown.contains("[x]("))
    for line in table.text(.csv).split(separator: "\n").dropFirst() {
      #expect(!line.hasPrefix("=") && !line.contains(",=") && !line.contains("\"="))
    }
    let latex = table.text(.latex)
    #expect(!latex.contains("\\input") && latex.components(of: "\\\\") == 3)
    for format in TableFormat.allCases where format != .csv {
      let obeyed = table.text(format).unicodeScalars.contains {
        ($0.value < 0x20 && $0 != "\n") || $0.value == 0x202E
      }
      #expect(!obeyed || format == .json, "\(format)")
    }
  }

  @Test func latexKeepsItsBraces() throws {
    let latex = ResultTable([try hostile("\\input{/etc/passwd}")]).text(.latex)
    #expect(latex.contains("\\textbackslash{}input\\{/etc/passwd\\}"))
    #expect(
      ResultTable([try hostile("100% & #1_{x}^~$")]).text(.latex)
        .contains("100\\% \\& \\#1\\_\\{x\\}\\textasciicircum{}\\textasciitilde{}\\$"))
  }
}

extension String {
  func components(of separator: String) -> Int {
    split(separator: separator, omittingEmptySubsequences: false).count
  }
}
