import Testing

/// Where SQL stands, and who writes which table.
@Suite struct TableTests {
  /// Which capability writes each table; the others read it, or ask its Store.
  static let owners: [String: Set<String>] = [
    "organization": ["Organizations"], "company": ["Organizations"],
    // Founding an organization makes its first members; a contact's account is opened on the contact.
    "user_account": ["Identity", "Organizations", "ClientAccess"],
    "api_token": ["Identity"],
    "device": ["Sync"],
    "contact": ["Contacts"],
    "building": ["Buildings"], "module": ["Buildings"],
    "diagnostic_type": ["Diagnostics"], "dossier_diagnostic": ["Diagnostics"],
    "price_list": ["Pricing"], "price_list_line": ["Pricing"],
    "dossier": ["Dossiers"], "dossier_contact": ["Dossiers"], "outbuilding": ["Dossiers"],
    "appointment": ["Planning"],
    "lead_analyser": ["LeadAnalysers"], "lead_analyser_booking": ["LeadAnalysers"],
    "mission_order": ["MissionOrders"], "signature": ["MissionOrders"], "field_proposal": ["MissionOrders"],
    "mission_delivery": ["MissionOrders"], "mission_document": ["MissionOrders"],
    "document": ["Documents"], "document_download": ["Documents"],
    "invoice": ["Invoicing"], "invoice_line": ["Invoicing"], "invoice_vat": ["Invoicing"],
    "instalment": ["Invoicing", "Payments", "DepositSlips"],  // its status moves with what settles it
    "deposit_slip": ["DepositSlips"], "deposit_slip_item": ["DepositSlips"],
    "payment": ["Payments"], "payment_allocation": ["Payments"], "payment_reversal": ["Payments"],
    "journal_entry": ["Accounting"], "journal_line": ["Accounting"], "chain_link": ["Accounting"],
    "sync_conflict": ["Sync"], "parked_edit": ["Sync"],
    "system.device_journal": ["Sync"], "system.device_result": ["Sync"],
    "system.session": ["Identity", "Sync"],  // a device's session is opened and closed with the device
    "system.sign_in_failure": ["Identity"],
    "attachment": ["Attachments"], "system.upload": ["Attachments"], "system.blob": ["Storage"],
    "system.job": ["Jobs"], "system.idempotency_key": ["HTTP"],
    // Written by the database's own functions alone.
    "system.tenant_sync": [], "system.seal": [], "system.history": [], "system.sync_entity": [],
    "system.sync_membership": [], "system.dossier_summary": [], "system.schema_migration": [],
  ]

  /// Each numbering capability takes from series of its own in it.
  static let unowned: Set = ["system.counter"]

  @Test func `every table has a capability that owns it`() {
    #expect(Set(Migrations.tables).subtracting(Self.owners.keys) == Self.unowned)
    #expect(Set(Self.owners.keys).subtracting(Migrations.tables) == ["system.schema_migration"])
  }

  @Test func `only its own capability writes a table`() {
    for file in SourceTree.of("ConstatServer") {
      for table in written(by: file) where Self.owners[table] != nil {
        #expect(Self.owners[table]!.contains(file.room), "\(file.path) writes \(table)")
      }
    }
  }

  /// By SQL of its own, or by handing a table's name to the generic statements.
  private func written(by file: SourceFile) -> Set<String> {
    var tables: Set<String> = []
    for string in file.strings {
      let sql = #"(\w+ )?(?:INSERT INTO|UPDATE|DELETE FROM) (?:ONLY )?(?:public\.)?([a-z_]+(?:\.[a-z_]+)?)\b"#
      for found in string.matches(of: sql) where !["FOR ", "DO ", "KEY "].contains(found[1]) {
        tables.insert(found[2])
      }
    }
    let calls = #"(?:\b(?:insert|update|delete|insertion|deletion)\(\s*|\btable: )"([a-z_]+)""#
    for found in file.text.matches(of: calls) { tables.insert(found[1]) }
    return tables
  }

  @Test func `SQL stands in Stores`() {
    // What is not a capability's: the cluster that development makes, and the client itself.
    let elsewhere = ["Sources/Postgres/", "Sources/ConstatCLI/Development/", "Sources/ConstatDevice/"]
    for file in SourceTree.sources where !file.name.hasSuffix("Store") {
      if elsewhere.contains(where: file.path.hasPrefix) { continue }
      for string in file.strings {
        let sql = #"\b(?:SELECT [a-z(?]|INSERT INTO |DELETE FROM |UPDATE [a-z_.]+ SET|CREATE TABLE )"#
        #expect(string.matches(of: sql).isEmpty, "\(file.path): \(string.prefix(60))")
      }
    }
  }

  @Test func `columns are named`() {
    for file in SourceTree.sources {
      for string in file.strings {
        #expect(string.matches(of: #"SELECT\s+(?:\w+\.)?\*"#).isEmpty, "\(file.path): \(string.prefix(60))")
      }
    }
    #expect(Migrations.text.matches(of: #"SELECT\s+(?:\w+\.)?\*"#).isEmpty)
  }

  @Test func `every noun's table is governed, every bookkeeping table isolated`() {
    for table in Migrations.tables {
      if table.hasPrefix("system.") {
        #expect(Migrations.isolates(table), "\(table) is not isolated")
      } else {
        #expect(Migrations.governs(table), "\(table) is not governed")
      }
    }
  }
}
