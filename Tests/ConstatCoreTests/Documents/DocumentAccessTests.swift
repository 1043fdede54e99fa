import ConstatCore
import Testing

@Suite struct DocumentAccessTests {
  private func access(_ reports: Bool, blocked: Bool, never: Bool = false) -> DocumentAccess {
    DocumentAccess(
      rights: DossierRights(reports: reports, invoice: true), blocked: blocked, neverBlockReports: never)
  }

  @Test func `right and block make four states and only one serves the file (DOC-08, AMB-18)`() {
    #expect(access(true, blocked: false) == .open)
    #expect(access(true, blocked: true) == .blocked)
    #expect(access(false, blocked: true) == .noRightAndBlocked)
    #expect(access(false, blocked: false) == .noRight)
    #expect(DocumentAccess.allCases.filter(\.isServed) == [.open])
  }

  @Test func `a blocked report stays listed with its padlock (DOC-12)`() {
    #expect(access(true, blocked: true).isListed)
    #expect(!access(true, blocked: true).isServed)
    #expect(!access(false, blocked: false).isListed)
  }

  @Test
  func `a block never hits a contact flagged never to be blocked, but gives him no right (CON-19, AMB-19)`() {
    #expect(access(true, blocked: true, never: true) == .open)
    #expect(access(false, blocked: true, never: true) == .noRight)
  }

  @Test func `a contact without a row on the dossier has no right, nor has the payer of another`() {
    #expect(DocumentAccess(rights: nil, blocked: false, neverBlockReports: true) == .noRight)
  }

  @Test func `the list shows none, then blocked, then downloaded, then available (AMB-17)`() {
    #expect(ReportIndicator(attached: 0, anyBlocked: true, downloads: 3) == .none)
    #expect(ReportIndicator(attached: 2, anyBlocked: true, downloads: 3) == .blocked)
    #expect(ReportIndicator(attached: 2, anyBlocked: false, downloads: 3) == .downloaded)
    #expect(ReportIndicator(attached: 2, anyBlocked: false, downloads: 0) == .available)
  }
}
