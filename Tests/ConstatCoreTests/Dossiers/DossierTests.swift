import ConstatCore
import Testing

@Suite struct DossierTests {
  @Test func `the workflow has exactly eleven statuses (DOS-05)`() {
    #expect(
      DossierStatus.allCases.map(\.rawValue) == [
        "to_prospect", "to_quote", "pre_order", "quoted", "to_schedule", "scheduled", "visited",
        "awaiting_lab", "incomplete", "finalised", "cancelled",
      ])
  }

  @Test(arguments: [
    (DossierEvent.opportunityConverted, DossierStatus.toProspect), (.websiteRequested, .toQuote),
    (.savedWithoutQuote, .toQuote), (.portalRequested, .preOrder), (.quoteSent, .quoted),
    (.orderAgreed, .toSchedule), (.appointmentBooked, .scheduled),
  ])
  func `a dossier is born in the status of what made it (DOS-18)`(event: DossierEvent, status: DossierStatus)
  {
    #expect(DossierStatus.initial(after: event) == status)
  }

  @Test func `a quote's life moves the dossier (DOS-18)`() {
    #expect(DossierStatus.quoted.moved(by: .quoteAccepted) == .toSchedule)
    #expect(DossierStatus.quoted.moved(by: .quoteRefused) == .cancelled)
    #expect(DossierStatus.toSchedule.moved(by: .appointmentBooked) == .scheduled)
    #expect(DossierStatus.scheduled.moved(by: .appointmentsCancelled) == .toSchedule)
    #expect(DossierStatus.scheduled.moved(by: .quoteSent) == .scheduled)
    #expect(DossierStatus.toSchedule.moved(by: .quoteSent) == .toSchedule)
  }

  @Test func `no event takes back a dossier that was visited or closed`() {
    for status in DossierStatus.allCases where !status.isBeforeVisit {
      for event in DossierEvent.allCases { #expect(status.moved(by: event) == status) }
    }
  }

  @Test func `the internal reference defaults to the owner's name (DOS-03)`() {
    let owner = ContactName(lastName: "Durand", firstName: "Jeanne")
    #expect(Dossier.defaultReference(owner: owner) == "Durand Jeanne")
    #expect(
      Dossier.defaultReference(owner: ContactName(companyName: "SCI Lilas", lastName: "D")) == "SCI Lilas")
    #expect(Dossier.defaultReference(owner: nil) == nil)
  }

  @Test func `without a prescriber the owner is his own (DOS-24)`() {
    #expect(Dossier.effectivePrescriber(prescriber: nil, owner: "o") == "o")
    #expect(Dossier.effectivePrescriber(prescriber: "p", owner: "o") == "p")
  }

  @Test func `only the payer sees report and invoice by default (DOC-10, AMB-73)`() {
    #expect(
      DossierContact.defaultRights(roles: [.payer, .owner]) == DossierRights(reports: true, invoice: true))
    for role in DossierRole.allCases where role != .payer {
      #expect(DossierContact.defaultRights(roles: [role]) == DossierRights(reports: false, invoice: false))
    }
  }
}
