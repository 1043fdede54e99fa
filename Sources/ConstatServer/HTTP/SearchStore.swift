import ConstatCore
import Foundation
import Postgres

/// Search by the words of `q`, for the lists that take it: accents and case ignored, each word anywhere (DOS-22).
struct SearchStore {
  /// Nouns that `system.search` knows.
  enum Noun: String, Sendable { case dossier, contact }

  let words: [String]
  /// The rows that hold all the words; nil where the list has to be walked and each row looked at: the words are
  /// common, or none has the three letters or digits in a row that a trigram takes.
  let found: [UUID]?

  /// Beyond so many rows the words are common: a list that is walked in its order then fills a page soon enough.
  private static let most = 1_000

  init(_ noun: Noun, _ reading: ReadCall) async throws {
    let text = try reading.call.query.text("q") ?? ""
    words = text.split(whereSeparator: \.isWhitespace).prefix(8).map(String.init)
    guard words.contains(where: Self.hasTrigram) else {
      found = nil
      return
    }
    let result = try await reading.query(
      "SELECT system.search(\(noun.rawValue), \(words)::text[], \(Self.most)) AS ids")
    found = try result[0].get("ids")
  }

  /// The condition on a list's rows, of which `id` is the id and `text` what is searched.
  func condition(id: SQL, text: SQL) -> SQL {
    if let found { return "AND \(id) = ANY (\(found))" }
    return words.map { "AND position((SELECT system.fold(\($0))) IN \(text)) > 0" }.joined(separator: " ")
  }

  private static func hasTrigram(_ word: String) -> Bool {
    word.split { !$0.isLetter && !$0.isNumber }.contains { $0.count >= 3 }
  }
}
