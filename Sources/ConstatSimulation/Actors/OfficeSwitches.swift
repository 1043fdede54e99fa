import ConstatCore
import ConstatSync
import NIOHTTP1
import Seeds

/// What the company lets its devices see and do.
extension OfficeDesk {
  /// Withholds other groups of fields than before, and always some (ORG-18): those that were withheld and no longer are
  /// show again.
  func withhold() async throws {
    var groups: Set<Organization.Information> = []
    while groups.isEmpty || groups == withheld.groups {
      groups = Set(Organization.Information.allCases.filter { _ in random.chance(60) })
    }
    let names = groups.map(\.rawValue).sorted()
    guard try await change(["withheld_information": .array(names.map { .string($0) })]) else { return }
    withheld = WithheldInformation(groups)
    tally.add(.withholding)
  }

  /// Whether step 10 offers a card through the online provider from now on (ORG-17). False where that was not to be had.
  func offerCards(_ isOffered: Bool) async throws -> Bool {
    try await change(["online_card_payments": .bool(isOffered)])
  }

  private func change(_ switches: JSONValue) async throws -> Bool {
    let answer = try await call(.PATCH, "/v1/organization", switches, ifMatch: "*")
    expect(answer, [409, 412], "PATCH organization")
    return answer.status == 200
  }
}
