import ConstatCore
import Testing

@Suite struct ProfileTests {
  @Test func `there are seven staff profiles (AMB-03)`() {
    #expect(
      Profile.allCases.map(\.rawValue) == [
        "super_admin", "admin", "office", "accountant", "sales", "technician", "canvasser",
      ])
  }

  @Test func `administrators and accountants read the field return, nobody else (IDN-11, MIS-28)`() {
    let readers = Profile.allCases.filter { Set([$0]).readsFieldReturn }
    #expect(readers == [.superAdmin, .admin, .accountant])
    #expect(Set<Profile>([.technician, .accountant]).readsFieldReturn)
    #expect(!Set<Profile>().readsFieldReturn)
  }

  @Test func `accountants and sales read reminders, and the super-administrator always (IDN-12, AMB-04)`() {
    #expect(Profile.allCases.filter { Set([$0]).readsReminders } == [.superAdmin, .accountant, .sales])
  }

  @Test func `a token cannot be given a scope that does not exist`() throws {
    _ = try APIToken.fields.checked(
      ["name": "Inqom", "scopes": ["invoices:read", "exports:read"]], as: .creation)
    #expect(throws: FieldProblems.self) {
      try APIToken.fields.checked(["name": "x", "scopes": ["everything"]], as: .creation)
    }
  }
}
