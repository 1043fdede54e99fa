import ConstatCore
import ConstatLedger
import Foundation
import HTTPTypes
import Postgres

/// Files for accounting software and accountants (ACC-30, INV-18), pulled by people or by scoped API tokens.
///
/// A file is of one company and a period; left out, the company is the only one and the period its current
/// fiscal year. Constat is a sub-ledger: its FEC holds sales and collections, without opening balances, to be
/// imported by the accountant and not handed to the tax office as it is; the answer says so.
struct ExportRoutes {
  private static let people = Access.staff(.admin, .accountant)

  func register(in routes: inout Routes) {
    routes.get("/v1/exports/fec", Self.people.orScope(.exportsRead)) { try await fec($0) }
    routes.get("/v1/exports/entries_csv", Self.people.orScope(.exportsRead).orScope(.accountingRead)) {
      reading in
      try reading.call.query.only("company_id", "from", "to", "byte_order_mark")
      let asked = try await period(reading)
      let entries = try await entries(reading, asked)
      let mark = try reading.call.query.bool("byte_order_mark") ?? false
      return .file(
        EntriesCSV(withByteOrderMark: mark).write(entries),
        named: "ecritures-\(asked.books.siren)-\(asked.from.compact)-\(asked.to.compact).csv",
        type: "text/csv; charset=utf-8")
    }
    routes.get("/v1/exports/invoices_csv", Self.people.orScope(.exportsRead).orScope(.invoicesRead)) {
      reading in
      try reading.call.query.only("company_id", "from", "to", "byte_order_mark")
      let asked = try await period(reading)
      let result = try await reading.query(
        InvoiceExportStore.period(
          reading.call.organization, company: asked.books.id, from: asked.from, to: asked.to))
      var table = InvoicesCSV(withByteOrderMark: try reading.call.query.bool("byte_order_mark") ?? false)
      for row in result { table.append(try InvoiceExportStore.row(row, in: asked.books.zone)) }
      return .file(
        table.bytes, named: "factures-\(asked.books.siren)-\(asked.from.compact)-\(asked.to.compact).csv",
        type: "text/csv; charset=utf-8")
    }
  }

  /// A FEC (LPF A47 A-1) of one fiscal year, or of a part of it: numbers begin again with each year.
  private func fec(_ reading: ReadCall) async throws -> Reply {
    let query = reading.call.query
    try query.only(
      "company_id", "from", "to", "separator", "encoding", "columns", "validation", "account_length")
    var format = FECWriter.Format()
    if let separator = try query.choice("separator", FECSeparator.allCases.map(\.rawValue)) {
      format.separator = FECSeparator(rawValue: separator) ?? .tab
    }
    if let encoding = try query.choice("encoding", FECEncoding.allCases.map { $0.rawValue.lowercased() }) {
      format.encoding = FECEncoding(rawValue: encoding.uppercased()) ?? .utf8
    }
    if let columns = try query.choice("columns", FECColumnSet.allCases.map(\.rawValue)) {
      format.columns = FECColumnSet(rawValue: columns) ?? .standard
    }
    if try query.choice("validation", ["definitive", "provisional"]) == "provisional" {
      format.validation = .provisional
    }
    format.accountLength = try query.integer("account_length", in: 3...17)
    let asked = try await period(reading)
    let year = asked.books.fiscalYear(of: asked.to)
    guard year.contains(asked.from) else {
      throw Problem(
        .unprocessableContent, "several-fiscal-years", "Un FEC couvre un seul exercice",
        members: [
          "fiscal_year_first": .string(year.first.description),
          "fiscal_year_last": .string(year.last.description),
        ])
    }
    guard let name = FECFileName(siren: asked.books.siren, closing: year.last) else {
      throw Problem.conflict("siren-malformed", "SIREN de la société invalide")
    }
    let entries = try await entries(reading, asked)
    var reply = Reply.file(
      FECWriter(format).write(entries), named: name.text,
      type: "text/plain; charset=\(format.encoding.rawValue.lowercased())")
    reply.headers[.init("Content-Description")!] = "Partial FEC: journals VE, BQ, CA, OD; no opening balances"
    return reply
  }

  /// What a file is asked of.
  private struct Period {
    let books: CompanyBooks
    let from: Day
    let to: Day
  }

  private func period(_ reading: ReadCall) async throws -> Period {
    let query = reading.call.query
    let (company, from, to) = (try query.uuid("company_id"), try query.day("from"), try query.day("to"))
    let organization = try reading.call.organization
    let found = try await reading.query(
      company.map { CompanyBooksStore.one(organization, $0) } ?? CompanyBooksStore.eldest(organization)
    ).all(CompanyBooks.self)
    guard let books = found.first, found.count == 1 else {
      throw found.isEmpty ? Problem.notFound : QueryParameters.problem("company_id", "required-parameter")
    }
    let year = books.fiscalYear(of: from ?? to ?? books.day(of: reading.call.clock.now()))
    let (first, last) = (from ?? year.first, to ?? year.last)
    guard first <= last else { throw QueryParameters.problem("to", "malformed-parameter") }
    return Period(books: books, from: first, to: last)
  }

  private func entries(_ reading: ReadCall, _ asked: Period) async throws -> [LedgerEntry] {
    let result = try await reading.query(
      EntryListStore.period(
        reading.call.organization, company: asked.books.id, from: asked.from, to: asked.to))
    return try EntryListStore.entries(result, in: asked.books.zone)
  }
}
