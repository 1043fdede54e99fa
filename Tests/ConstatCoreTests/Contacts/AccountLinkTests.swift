import ConstatCore
import Testing

@Suite struct AccountLinkTests {
  private func party(_ kind: Contact.Kind, sub: Bool = false, main: Bool = false) -> AccountLink.Party {
    AccountLink.Party(kind: kind, isSubAccount: sub, hasSubAccounts: main)
  }

  @Test func `an agency goes under another, one level only CON-12`() {
    #expect(AccountLink.fault(of: party(.agency), under: party(.agency, main: true)) == nil)
    #expect(
      AccountLink.fault(of: party(.agency, sub: true), under: party(.agency)) == nil, "moves to another main")
    #expect(AccountLink.fault(of: party(.agency), under: party(.agency, sub: true)) == .mainIsSubAccount)
    #expect(AccountLink.fault(of: party(.agency, main: true), under: party(.agency)) == .subAccountHasOwn)
    #expect(AccountLink.fault(of: party(.agency), under: nil) == .unknownMain)
  }

  @Test func `individuals are on neither end CON-05`() {
    #expect(AccountLink.fault(of: party(.individual), under: party(.agency)) == .individual)
    #expect(AccountLink.fault(of: party(.notary), under: party(.individual)) == .mainIsIndividual)
  }
}
