import ConstatDevice
import Foundation
import Testing

/// The articles in ConstatDevice.docc show code that is compiled and tested elsewhere.
@Suite struct CatalogueTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")

  private static func files(_ folder: String, _ ending: String) throws -> [(name: String, text: String)] {
    try FileManager.default.contentsOfDirectory(
      at: root.appending(path: folder), includingPropertiesForKeys: nil
    )
    .filter { $0.pathExtension == ending }.map {
      ($0.lastPathComponent, try String(contentsOf: $0, encoding: .utf8))
    }
  }

  /// Lines without their indentation, since a block begins at the margin.
  private static func lines(_ text: some StringProtocol) -> [String] {
    text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  @Test func `every piece of Swift in the articles is a piece of compiled source`() throws {
    let sources =
      try Self.files("Sources/ConstatCLI/Devices", "swift")
      + Self.files("Tests/ConstatDeviceTests/Documentation", "swift")
    let compiled = sources.filter { $0.name != "CatalogueTests.swift" }.map { Self.lines($0.text) }
    var blocks = 0
    for article in try Self.files("Sources/ConstatDevice/ConstatDevice.docc", "md") {
      for part in article.text.components(separatedBy: "```swift\n").dropFirst() {
        let block = Self.lines(part.components(separatedBy: "```")[0])
        blocks += 1
        let isFound = compiled.contains { lines in
          lines.indices.contains { lines[$0...].starts(with: block) }
        }
        #expect(isFound, "\(article.name): \(block.joined(separator: "\n"))")
      }
    }
    #expect(blocks > 10)
  }

  @Test func `every article is reached from the first page`() throws {
    let articles = try Self.files("Sources/ConstatDevice/ConstatDevice.docc", "md")
    let first = try #require(articles.first { $0.name == "ConstatDevice.md" })
    for article in articles where article.name != first.name {
      #expect(first.text.contains("<doc:\(article.name.dropLast(3))>"), "\(article.name)")
    }
  }
}
