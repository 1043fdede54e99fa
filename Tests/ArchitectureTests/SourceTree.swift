import Foundation

/// A file of this repository as text.
struct SourceFile: Sendable {
  /// Relative to the root: `Sources/ConstatServer/Contacts/ContactRoutes.swift`.
  let path: String
  let text: String
  /// Without comments and the insides of string literals.
  let code: String
  /// The insides of string literals alone; interpolations are `?`.
  let strings: [String]

  init(path: String, text: String) {
    self.path = path
    self.text = text
    let parts = path.hasSuffix(".swift") ? SourceText(text) : nil
    code = parts?.code ?? text
    strings = parts?.strings ?? []
  }

  var name: String { String(path.split(separator: "/").last!.split(separator: ".")[0]) }
  /// `ConstatServer`.
  var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
  /// The folder inside the target, empty for a file at its top: `Contacts`.
  var room: String {
    let parts = path.split(separator: "/")
    return parts.count > 3 ? String(parts[2]) : ""
  }
  var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
}

/// This repository, read once.
struct SourceTree: Sendable {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let sources = files(under: "Sources", ending: "swift")
  static let tests = files(under: "Tests", ending: "swift")
  static let migrations = files(under: "Migrations", ending: "sql")

  static func of(_ target: String) -> [SourceFile] { sources.filter { $0.target == target } }

  private static func files(under folder: String, ending: String) -> [SourceFile] {
    let base = root.appending(path: folder)
    let names = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".\(ending)") }.sorted().compactMap { name in
      (try? String(contentsOf: base.appending(path: name), encoding: .utf8)).map {
        SourceFile(path: "\(folder)/\(name)", text: $0)
      }
    }
  }
}

/// Swift text taken apart into code and the contents of its string literals; enough of the grammar for these
/// tests.
struct SourceText {
  private(set) var code = ""
  private(set) var strings: [String] = []
  private var bytes: [UInt8]
  private var index = 0

  init(_ text: String) {
    bytes = Array(text.utf8)
    var output: [UInt8] = []
    readCode(until: nil, into: &output)
    code = String(decoding: output, as: UTF8.self)
  }

  private func starts(_ text: StaticString) -> Bool {
    text.withUTF8Buffer {
      index + $0.count <= bytes.count && bytes[index..<index + $0.count].elementsEqual($0)
    }
  }

  /// Reads code up to the end, or to the parenthesis that closes an interpolation.
  private mutating func readCode(until closing: UInt8?, into output: inout [UInt8]) {
    var depth = 0
    while index < bytes.count {
      if starts("//") {
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
      } else if starts("/*") {
        while index < bytes.count, !starts("*/") { index += 1 }
        index += 2
      } else if starts("\"\"\"") {
        index += 3
        readString(isMultiline: true, into: &output)
      } else if bytes[index] == UInt8(ascii: "\"") {
        index += 1
        readString(isMultiline: false, into: &output)
      } else {
        if bytes[index] == UInt8(ascii: "(") { depth += 1 }
        if bytes[index] == UInt8(ascii: ")") {
          if depth == 0, closing != nil { return }
          depth -= 1
        }
        output.append(bytes[index])
        index += 1
      }
    }
  }

  private mutating func readString(isMultiline: Bool, into output: inout [UInt8]) {
    var content: [UInt8] = []
    output.append(UInt8(ascii: "\""))
    while index < bytes.count {
      if isMultiline ? starts("\"\"\"") : bytes[index] == UInt8(ascii: "\"") {
        index += isMultiline ? 3 : 1
        break
      }
      if starts("\\(") {
        index += 2
        content.append(UInt8(ascii: "?"))
        readCode(until: UInt8(ascii: ")"), into: &output)
        index += 1
      } else if bytes[index] == UInt8(ascii: "\\") {
        index += 2
      } else {
        content.append(bytes[index])
        index += 1
      }
    }
    output.append(UInt8(ascii: "\""))
    strings.append(String(decoding: content, as: UTF8.self))
  }
}

extension String {
  /// The captures of every match: the whole match first.
  func matches(of pattern: String) -> [[String]] {
    let expression = try! NSRegularExpression(pattern: pattern, options: [.anchorsMatchLines])
    return expression.matches(in: self, range: NSRange(startIndex..., in: self)).map { match in
      (0..<match.numberOfRanges).map { Range(match.range(at: $0), in: self).map { String(self[$0]) } ?? "" }
    }
  }
}
