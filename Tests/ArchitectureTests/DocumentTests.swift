import Foundation
import Testing

/// What newcomers are sent to is there: the pages name files, functions, paths and commands that exist.
@Suite struct DocumentTests {
  private static let pages = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "docs/sync.md"]
  private static let folders = [
    "Sources", "Tests", "Migrations", "openapi", "docs", "deploy", "conformance", "Benchmarks", ".ci",
  ]

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: SourceTree.root.appending(path: path), encoding: .utf8)
  }

  /// Everything between backticks, and where links lead.
  private static func names(in page: String) -> [String] {
    page.matches(of: /`([^`\n]+)`|\]\(([^)\n]+)\)/).map { String($0.1 ?? $0.2 ?? "") }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  @Test(arguments: pages)
  func `every file and folder that a page names is there`(page: String) throws {
    let files = FileManager.default
    let roots = Self.folders.flatMap { folder in
      [folder]
        + (files.enumerator(atPath: SourceTree.root.appending(path: folder).path)?.compactMap {
          ($0 as? String).map { "\(folder)/\($0)" }
        } ?? [])
    }
    let names = try Self.names(in: Self.text(page)).filter {
      $0.wholeMatch(of: /[\w.\/-]+(\.(swift|sql|md|yaml|yml|py|cfg|docc)|\/)/) != nil && !$0.hasPrefix("/")
        && !$0.hasPrefix(".constat")
    }
    for name in names {
      let path = name.hasSuffix("/") ? String(name.dropLast()) : name
      let isThere =
        files.fileExists(atPath: SourceTree.root.appending(path: path).path)
        || roots.contains { $0 == path || $0.hasSuffix("/" + path) }
      #expect(isThere, "\(page): \(name)")
    }
    #expect(!names.isEmpty, "\(page) names no file: is it read?")
  }

  @Test func `every function, type, path and command that a page names is there`() throws {
    let migrations = SourceTree.migrations.map(\.text).joined()
    let code = (SourceTree.sources + SourceTree.tests).map(\.code).joined(separator: "\n")
    let words = Set(code.utf8.split { !Self.isWord($0) }.map { String(decoding: $0, as: UTF8.self) })
    let package = try Self.text("Package.swift")
    let contract = try FileManager.default.contentsOfDirectory(
      atPath: SourceTree.root.appending(path: "openapi").path
    ).map { try Self.text("openapi/\($0)") }.joined()
    let makefile = try Self.text("Makefile")
    let commands = Set(SourceTree.of("ConstatCLI").flatMap(\.strings))
    for page in Self.pages {
      for name in try Self.names(in: Self.text(page)) {
        if let match = name.wholeMatch(of: /(system\.[a-z_]+)(\(.*\))?/) {
          #expect(migrations.contains(match.1), "\(page): \(name)")
        } else if let match = name.wholeMatch(of: /[A-Z][a-z]+([A-Z][a-z]+)+/) {
          #expect(
            words.contains(String(match.0)) || package.contains(match.0)
              || contract.contains("\n    \(match.0):"),
            "\(page): \(name)")
        } else if let match = name.wholeMatch(of: /(GET|POST|PATCH|DELETE) (\/v1\/[a-z{}\/-]+)(\?.*)?/) {
          #expect(contract.contains("\n  \(match.2):"), "\(page): \(name)")
        } else if let match = name.wholeMatch(of: /make ([a-z]+)/) {
          #expect(makefile.contains("\n\(match.1):"), "\(page): \(name)")
        } else if let match = name.wholeMatch(of: /constat ([a-z]+).*/) {
          let type = match.1.prefix(1).uppercased() + match.1.dropFirst()
          #expect(words.contains(type) || commands.contains(String(match.1)), "\(page): \(name)")
        }
      }
    }
  }
}
