import Foundation
import Testing

/// Targets are walls: what each may import, and what the pure ones may not do.
@Suite struct WallTests {
  /// What a target may import besides the standard library.
  static let walls: [String: Set<String>] = [
    "CLibPQ": [],
    "CZlib": [],
    "Gzip": ["CZlib"],
    "Postgres": [
      "CLibPQ", "Crypto", "Foundation", "Logging", "ServiceLifecycle", "Synchronization", "Glibc", "Musl",
      "Darwin",
    ],
    "LocalPostgres": ["Postgres", "Foundation"],
    "Seeds": [],
    "ConstatCore": ["Foundation"],
    "ConstatLedger": ["ConstatCore", "Crypto", "Foundation"],
    "ConstatSync": ["ConstatCore", "Crypto"],
    "ConstatServer": [
      "ConstatCore", "ConstatLedger", "ConstatSync", "Postgres", "Gzip", "Hummingbird", "HTTPTypes",
      "NIOCore", "AsyncHTTPClient", "NIOHTTP1",
      "Logging",
      "Metrics", "CoreMetrics", "ServiceLifecycle", "Crypto", "CryptoExtras", "Yams", "Foundation",
      "Dispatch",
      "Synchronization",
    ],
    "ConstatDevice": [
      "ConstatCore", "ConstatSync", "Gzip", "GRDB", "Crypto", "Foundation", "FoundationNetworking",
      "Synchronization",
    ],
    "ConstatDemo": [
      "ConstatCore", "ConstatLedger", "ConstatSync", "ConstatDevice", "AsyncHTTPClient", "NIOCore",
      "NIOHTTP1",
      "Foundation", "Synchronization",
    ],
    "ConstatSimulation": [
      "ConstatCore", "ConstatSync", "ConstatServer", "ConstatDevice", "Postgres", "LocalPostgres", "Seeds",
      "AsyncHTTPClient", "Crypto", "Hummingbird", "HTTPTypes", "NIOCore", "NIOHTTP1", "GRDB", "Logging",
      "Foundation", "Synchronization",
    ],
    "ConstatConformance": ["ConstatCore", "Gzip", "Foundation"],
    "ConstatCLI": [
      "ConstatConformance", "ConstatDemo", "ConstatSimulation", "ConstatCore", "ConstatLedger", "ConstatSync",
      "ConstatServer",
      "ConstatDevice",
      "Postgres", "LocalPostgres",
      "ArgumentParser", "AsyncHTTPClient", "NIOCore", "NIOHTTP1", "HTTPTypes", "Logging", "Metrics",
      "ServiceLifecycle",
      "UnixSignals", "Crypto", "Foundation", "Synchronization",
    ],
  ]
  static let pure = ["ConstatCore", "ConstatLedger", "ConstatSync"]

  @Test func `every target has its wall`() {
    #expect(Set(SourceTree.sources.map(\.target)).subtracting(Self.walls.keys) == [])
  }

  @Test func `a target imports only what its wall lets through`() {
    for file in SourceTree.sources {
      let pattern =
        #"^\s*(?:@\w+\s+)?(?:public |package |internal |private |fileprivate )?import (?:struct |class |enum |func |protocol )?(\w+)"#
      for found in file.code.matches(of: pattern) {
        #expect(Self.walls[file.target]?.contains(found[1]) == true, "\(file.path) imports \(found[1])")
      }
    }
  }

  /// The device's code runs on Apple's systems by construction: what only some systems have stands behind `canImport`.
  @Test func `what devices run imports only modules that Apple's systems have too`() {
    // Gzip stands on zlib, which Apple's systems have.
    let portable: Set = [
      "ConstatCore", "ConstatSync", "Gzip", "CZlib", "Crypto", "GRDB", "Foundation", "Synchronization",
    ]
    for file in ["ConstatCore", "ConstatSync", "Gzip", "ConstatDevice"].flatMap(SourceTree.of) {
      var conditions: [String] = []
      for line in file.code.split(separator: "\n").map({ $0.trimmingCharacters(in: .whitespaces) }) {
        if line.hasPrefix("#if ") { conditions.append(line) }
        if line.hasPrefix("#else"), !conditions.isEmpty { conditions[conditions.count - 1] = line }
        if line.hasPrefix("#endif") { _ = conditions.popLast() }
        let words = line.split(separator: " ")
        guard let place = words.firstIndex(of: "import"), place < 2, let module = words.last,
          !portable.contains(String(module))
        else { continue }
        #expect(conditions.last == "#if canImport(\(module))", "\(file.path) imports \(module)")
      }
      #expect(file.code.matches(of: #"\b(?:Glibc|Musl|epoll_\w+)\b"#).isEmpty, "\(file.path)")
    }
  }

  /// Of Foundation, the pure targets use what computes: time zones' rules, decimal text. These read the
  /// world.
  @Test func `pure targets read no clock, draw no id and touch no file`() {
    let forbidden = [
      #"\bDate\s*\(\s*\)"#, #"\bDate\.now"#, #"\bUUID\s*\(\s*\)"#, #"\b(Continuous|Suspending)Clock\b"#,
      #"\.random\("#,
      #"\bSystemRandomNumberGenerator\b"#, #"\bFileManager\b"#, #"\bFileHandle\b"#, #"\bURLSession\b"#,
      #"\bProcessInfo\b"#, #"\bDispatchQueue\b"#,
      #"\b(?:TimeZone|Locale|Calendar)\.(?:autoupdatingC|c)urrent\b"#,
    ]
    for file in Self.pure.flatMap(SourceTree.of) {
      for pattern in forbidden {
        #expect(file.code.matches(of: pattern).isEmpty, "\(file.path) has \(pattern)")
      }
    }
  }

  /// Tests fix time, so nobody else may read it: the server's clock, the device's, and the log's.
  @Test func `the wall clock is read in three places`() {
    let clocks: Set = [
      "Sources/ConstatServer/HTTP/Call.swift", "Sources/ConstatDevice/Enrolment/DeviceEnvironment.swift",
      "Sources/ConstatCLI/Logging/JSONLogHandler.swift",
    ]
    // The story is a caller like any other: it lives in real time.
    let callers = ["Sources/ConstatDemo/", "Sources/ConstatCLI/Demo"]
    for file in SourceTree.sources
    where !clocks.contains(file.path) && !callers.contains(where: file.path.hasPrefix) {
      #expect(
        file.code.matches(of: #"\bDate\s*\(\s*\)|\bDate\.now|\bUUID\s*\(\s*\)"#).isEmpty, "\(file.path)")
    }
  }

  @Test func `money is never a floating-point number`() {
    let rooms: Set = ["Money", "Pricing", "Invoicing", "Payments", "DepositSlips", "Accounting"]
    for file in SourceTree.sources where rooms.contains(file.room) {
      #expect(file.code.matches(of: #"\b(Double|Float|CGFloat|Decimal)\b"#).isEmpty, "\(file.path)")
    }
  }

  @Test func `the PostgreSQL client knows no noun of the trade`() {
    let nouns = Set(Migrations.tables.filter { !$0.hasPrefix("system.") }).union(["organization", "tenant"])
    for file in SourceTree.of("Postgres") {
      let words = (file.code + file.strings.joined(separator: " ")).matches(of: #"[A-Za-z]\w*"#)
        .map { Self.snake($0[0]) }
      #expect(nouns.intersection(words) == [], "\(file.path)")
    }
  }

  private static func snake(_ name: String) -> String {
    var words = ""
    for character in name {
      if character.isUppercase, !words.isEmpty { words.append("_") }
      words.append(contentsOf: character.lowercased())
    }
    return words
  }
}
