import ConstatConformance
import ConstatCore
import Foundation
import Testing

/// The files as files: what their page says of them, and that they cover what it tells.
@Suite struct VectorFileTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
  let page: String
  let set: VectorSet

  init() throws {
    page = try String(contentsOf: Self.root.appending(path: "docs/sync.md"), encoding: .utf8)
    set = try VectorSet(directory: Self.root.appending(path: "conformance"))
  }

  @Test func `the page's vector is one that is read`() throws {
    let text = page.components(separatedBy: "```json vector\n")[1].components(separatedBy: "\n```")[0]
    let vector = try Vector(name: "page", json: JSONValue.parse(text))
    #expect(vector.steps.count == 1 && vector.given == ["synced"] && set.givens["synced"] != nil)
  }

  @Test func `each vector shows a part of the page at work, and bears a name of its own`() {
    let headings = Set(
      page.split(separator: "\n").filter { $0.hasPrefix("## ") }.map { String($0.dropFirst(3)) })
    for vector in set.vectors { #expect(headings.contains(vector.section), "\(vector.name)") }
    #expect(Set(set.vectors.map(\.title)).count == set.vectors.count)
  }

  /// What a push or a whole request can be answered with is at work in some vector.
  @Test func `every status, reason and code of the page is expected by some vector`() throws {
    let texts = try ["server", "client"].flatMap { folder -> [String] in
      let files = try FileManager.default.contentsOfDirectory(
        at: Self.root.appending(path: "conformance/\(folder)"), includingPropertiesForKeys: nil)
      return try files.map { try String(contentsOf: $0, encoding: .utf8) }
    }
    let words = [
      "applied", "merged", "conflicted", "parked", "rejected", "reassigned", "closed", "device_revoked",
      "not_found", "malformed", "operation-not-allowed", "field-not-writable", "value-invalid",
      "already-exists", "group-rejected", "sequence-gap", "sequence-not-dense", "device-forked",
      "group-incomplete", "push-of-other-device", "device-revoked", "malformed-cursor", "cursor-malformed",
      "cursor-of-other-device", "schema-too-old",
    ]
    for word in words {
      #expect(page.contains("`\(word)`") && texts.contains { $0.contains("\"\(word)\"") }, "\(word)")
    }
  }
}
