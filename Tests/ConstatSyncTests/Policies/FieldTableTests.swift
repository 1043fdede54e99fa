import ConstatCore
import ConstatSync
import Foundation
import Testing

@Suite struct FieldTableTests {
  @Test func `every field of the table is a column of its table, and none is said twice`() throws {
    let columns = try Schema.columns()
    var seen: Set<String> = []
    for rule in FieldRule.table {
      #expect(seen.insert(rule.type.rawValue + "." + rule.field).inserted, "\(rule.type) \(rule.field)")
      guard rule.isVisible else { continue }
      #expect(columns[rule.type.rawValue]?.contains(rule.field) == true, "\(rule.type) \(rule.field)")
    }
  }

  @Test func `every type has one rule and at least one field`() {
    #expect(
      EntityRule.table.map(\.type).sorted { $0.rawValue < $1.rawValue }
        == EntityType.allCases.sorted { $0.rawValue < $1.rawValue })
    for type in EntityType.allCases { #expect(!type.visibleFields.isEmpty, "\(type)") }
  }

  @Test func `what a device may write is checked by the field sets that REST bodies are checked with`() {
    for rule in FieldRule.table where rule.writable != .never {
      #expect(rule.type.writableFields?[rule.field] != nil, "\(rule.type) \(rule.field)")
    }
  }

  @Test func `computed and read-only fields are never written by a device`() {
    for rule in FieldRule.table {
      let isHeld = rule.policy == .derived || rule.policy == .readOnly
      #expect(isHeld == (rule.writable == .never), "\(rule.type) \(rule.field)")
    }
  }

  @Test func `the office decides price, payer, identity and status, the site what is seen`() {
    for field in ["price_incl_tax_cents", "payer_id", "status", "key_pickup"] {
      #expect(EntityType.dossier.rule(of: field)?.policy == .office)
    }
    for field in ["last_name", "phone", "email"] {
      #expect(EntityType.contact.rule(of: field)?.policy == .office)
    }
    for field in ["street", "floor_area_hundredths", "lot_number"] {
      #expect(EntityType.dossier.rule(of: field)?.policy == .observed)
    }
    for field in ["starts_at", "technician_id"] {
      #expect(EntityType.appointment.rule(of: field)?.writable == .never)
    }
    for rule in EntityType.missionOrder.rules where rule.writable == .always {
      #expect(rule.policy == .observed || rule.policy == .note)
    }
  }

  @Test func `money and signatures are born whole`() {
    #expect(EntityType.allCases.filter { $0.rule.isImmutable } == [.signature, .payment, .attachment])
  }

  @Test func `what the office keeps to itself stays off devices`() {
    for field in ["private_comment", "discount_rate", "accounting_code", "search_text"] {
      #expect(EntityType.contact.rule(of: field) == nil)
    }
    #expect(EntityType.payment.rule(of: "hash") == nil)
    #expect(!EntityType.signature.visibleFields.contains(SignatureImage.field))
  }

  @Test func `the links that reachability follows are fields that devices see`() {
    for link in Reachability.links {
      #expect(link.type.visibleFields.contains(link.field))
      #expect(link.target.rule.scope == .shared)
    }
    let roles = Set(Reachability.links.filter { $0.target == .contact && $0.type == .dossier }.map(\.field))
    #expect(roles == Set(DossierRole.allCases.map(\.column)))
  }

  @Test func `the printed table has a line for every rule`() {
    let lines = FieldRule.markdown.split(separator: "\n")
    #expect(lines.count == FieldRule.table.count + EntityRule.table.count + 4)
    #expect(FieldRule.markdown.contains("| `dossier` | `status` | office | always: only `visited` |"))
  }
}

/// The tables as the migrations declare them.
enum Schema {
  static func columns() throws -> [String: Set<String>] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Migrations")
    var columns: [String: Set<String>] = [:]
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    for file in files where file.pathExtension == "sql" {
      let text = try String(contentsOf: file, encoding: .utf8).replacing(/--[^\n]*/, with: "")
      for match in text.matches(of: /CREATE TABLE (\w+) \(\n([\s\S]*?)\n\)/) {
        columns[String(match.1), default: []].formUnion(names(String(match.2)))
      }
      for match in text.matches(of: /ALTER TABLE (\w+)\s+ADD COLUMN (\w+)/) {
        columns[String(match.1), default: []].insert(String(match.2))
      }
    }
    return columns
  }

  /// The first word of each declaration: several may share a line.
  private static func names(_ body: String) -> Set<String> {
    var names: Set<String> = []
    var depth = 0
    var word = ""
    for character in body + "," {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if character == ",", depth == 0 {
        if let name = word.split(whereSeparator: \.isWhitespace).first { names.insert(String(name)) }
        word = ""
      } else {
        word.append(character)
      }
    }
    return names
  }
}
