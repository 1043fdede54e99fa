import ConstatCore
import Foundation
import Testing

/// Field names are column names: the migrations are read and compared.
@Suite struct FieldColumnTests {
  struct Column {
    let isNullable: Bool
    let hasDefault: Bool
    /// The values of `CHECK (column IN (…))`.
    let choices: Set<String>
  }

  static let tables: [String: [String: Column]] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Migrations")
    let files =
      (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    let sql = files.filter { $0.pathExtension == "sql" }.sorted { $0.path < $1.path }
      .compactMap { try? String(contentsOf: $0, encoding: .utf8) }.joined(separator: "\n")
    var tables: [String: [String: Column]] = [:]
    for statement in sql.components(separatedBy: "CREATE TABLE ").dropFirst() {
      guard let start = statement.firstIndex(of: "("), let body = parenthesised(statement[start...]) else {
        continue
      }
      let name = statement[..<start].trimmingCharacters(in: .whitespaces)
      tables[name] = columns(body)
    }
    // Columns that a later migration brought.
    for statement in sql.components(separatedBy: "ALTER TABLE ").dropFirst() {
      let statement = statement.prefix { $0 != ";" }
      guard let name = statement.split(whereSeparator: \.isWhitespace).first.map(String.init) else {
        continue
      }
      for part in statement.components(separatedBy: "ADD COLUMN ").dropFirst() {
        tables[name]?.merge(columns(Substring(part))) { $1 }
      }
    }
    return tables
  }()

  /// The text inside the first parentheses.
  private static func parenthesised(_ text: Substring) -> Substring? {
    var depth = 0
    for index in text.indices {
      if text[index] == "(" { depth += 1 }
      if text[index] == ")" { depth -= 1 }
      if depth == 0 { return text[text.index(after: text.startIndex)..<index] }
    }
    return nil
  }

  private static func columns(_ body: Substring) -> [String: Column] {
    var parts: [String] = [""]
    var depth = 0
    let code = body.split(separator: "\n").map {
      $0.split(separator: "--", omittingEmptySubsequences: false)[0]
    }
    .joined(separator: "\n")
    for character in code {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if character == ",", depth == 0 { parts.append("") } else { parts[parts.count - 1].append(character) }
    }
    var columns: [String: Column] = [:]
    for part in parts {
      let words = part.split { $0.isWhitespace }
      guard let name = words.first, name == name.lowercased() else { continue }
      var choices: Set<String> = []
      if part.contains("IN (") || part.contains("IN\n") || part.contains("<@") {
        let quoted = part.split(separator: "'", omittingEmptySubsequences: false)
        let check = quoted.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
        choices = Set(check.flatMap { $0.split { "{},".contains($0) }.map(String.init) })
      }
      columns[String(name)] = Column(
        isNullable: !part.contains("NOT NULL"), hasDefault: part.contains("DEFAULT"), choices: choices)
    }
    return columns
  }

  /// Fields that are no columns, because the server makes something of them.
  private static let nouns: [(table: String, set: FieldSet, made: Set<String>)] = [
    ("organization", Organization.fields, []), ("company", Company.fields, []),
    ("user_account", UserAccount.fields, []), ("device", Device.fields, []),
    ("api_token", APIToken.fields, []),
    ("contact", Contact.fields, []), ("building", Building.fields, []), ("module", Module.fields, []),
    ("diagnostic_type", DiagnosticType.fields, []), ("price_list", PriceList.fields, []),
    ("price_list_line", PriceListLine.fields, []), ("dossier", Dossier.fields + Dossier.status, []),
    ("dossier_contact", DossierContact.fields, []), ("outbuilding", Outbuilding.fields, []),
    ("dossier_diagnostic", DossierDiagnostic.fields, []),
    (
      "appointment", Appointment.fields,
      ["starts_at_local", "duration_minutes", "utc_offset_minutes", "lead_analyser_id", "hand_over"]
    ),
    ("lead_analyser", LeadAnalyser.fields, []), ("mission_order", MissionOrder.fields, []),
    ("signature", Signature.fields, []), ("document", Document.fields, []),
    ("attachment", Attachment.fields, []),
    ("invoice", Invoice.draft, ["lines", "instalments"]), ("invoice", Invoice.creditNote, ["lines"]),
    ("invoice_line", InvoiceLine.fields, ["unit_price_incl_tax_cents"]),
    ("instalment", Instalment.fields, []),
    ("payment", Payment.fields, ["allocations"]), ("payment_reversal", Payment.reversal, []),
    ("deposit_slip", DepositSlip.fields, []),
  ]

  @Test func `every field is a column that may be empty exactly when the field may`() throws {
    #expect(Self.tables.count > 40)
    for noun in Self.nouns {
      let columns = try #require(Self.tables[noun.table])
      for field in noun.set.fields where !noun.made.contains(field.column) {
        guard let column = columns[field.column] else {
          Issue.record("\(noun.table) has no column \(field.column)")
          continue
        }
        #expect(field.isNullable == column.isNullable || !field.isNullable, "\(noun.table).\(field.name)")
      }
    }
  }

  @Test func `a choice offers what the column's constraint admits`() throws {
    var compared = 0
    for noun in Self.nouns {
      let columns = try #require(Self.tables[noun.table])
      for field in noun.set.fields {
        let values: [String]
        switch field.kind {
        case .choice(let choices): values = choices
        case .list(of: .choice(let choices), _): values = choices
        default: continue
        }
        guard let admitted = columns[field.column]?.choices, !admitted.isEmpty else { continue }
        let defaults = admitted.subtracting(values).filter { !$0.isEmpty }
        #expect(Set(values).isSubset(of: admitted), "\(noun.table).\(field.name)")
        #expect(defaults.isEmpty, "\(noun.table).\(field.name) misses \(defaults)")
        compared += 1
      }
    }
    #expect(compared >= 20)
  }

  @Test func `what a row must have and nobody gives has a default or an owner`() throws {
    // Set by the server from the request, the route or a computation.
    let owned: Set<String> = [
      "organization_id", "dossier.number", "dossier.created_by", "device.secret_hash", "api_token.token_hash",
      "api_token.created_by", "appointment.starts_at", "appointment.ends_at", "document.size_bytes",
      "document.sha256", "invoice.kind", "invoice.company_id", "invoice.payer_id", "invoice_line.invoice_id",
      "invoice_line.position",
      "invoice_line.total_excl_tax_cents", "instalment.invoice_id", "instalment.position", "payment.source",
      "payment.hash", "payment.number", "payment.auxiliary", "payment.auxiliary_label",
      "payment_reversal.payment_id", "payment_reversal.hash", "deposit_slip.number",
      "deposit_slip.sequence", "organization.slug", "organization.id",
    ]
    for noun in Self.nouns {
      let given = Set(noun.set.columns)
      for (name, column) in try #require(Self.tables[noun.table])
      where !column.isNullable && !column.hasDefault && !given.contains(name) {
        #expect(owned.contains(name) || owned.contains("\(noun.table).\(name)"), "\(noun.table).\(name)")
      }
    }
  }

  @Test func `the contract's schema of a body follows its fields`() {
    let schema = Contact.fields.schema(as: .creation)
    #expect(schema["required"] == ["last_name"])
    #expect(schema["additionalProperties"] == false)
    let properties = schema["properties"]
    #expect(properties?["phone"]?["type"] == ["string", "null"])
    #expect(properties?["never_block_reports"] == ["type": "boolean"])
    #expect(properties?["kind"]?["enum"]?.array?.count == 5)
    #expect(properties?.object?.count == Contact.fields.fields.count)
    let patch = Contact.fields.schema(as: .patch)
    #expect(patch["required"] == nil)
    #expect(patch["properties"]?["id"] == nil)
    #expect(
      Invoice.draft.schema(as: .creation)["properties"]?["lines"]?["items"]?["required"] == [
        "designation", "vat_rate",
      ])
  }
}
