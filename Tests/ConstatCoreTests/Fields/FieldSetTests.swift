import ConstatCore
import Testing

@Suite struct FieldSetTests {
  private func problems(_ set: FieldSet, _ body: JSONValue, _ use: FieldSet.Use = .creation) -> [String] {
    do throws(FieldProblems) {
      _ = try set.checked(body, as: use)
      return []
    } catch {
      return error.problems.map { "\($0.pointer) \($0.code.rawValue)" }
    }
  }

  @Test func `only the last name is needed to create a contact (CON-03)`() throws {
    #expect(try Contact.fields.checked(["last_name": "Durand"], as: .creation) == ["last_name": "Durand"])
    #expect(problems(Contact.fields, [:]) == ["/last_name required"])
    #expect(problems(Contact.fields, ["last_name": "  "]) == ["/last_name blank"])
    #expect(problems(Contact.fields, ["last_name": nil]) == ["/last_name null-not-allowed"])
  }

  @Test func `all problems come at once, each with its pointer and code`() {
    let body: JSONValue = [
      "kind": "company", "last_name": 5, "email": "no at sign", "discount_rate": "101", "phone": "12",
      "additional_emails": ["a@b.fr", "x"], "nickname": 1, "a/b~c": 2, "never_block_reports": nil,
      "main_account_id": "1234", "siren": "732829321", "country": "fra",
    ]
    #expect(
      problems(Contact.fields, body) == [
        "/kind not-in-choice", "/last_name wrong-type", "/country malformed", "/email malformed",
        "/additional_emails/1 malformed", "/phone malformed", "/discount_rate out-of-range",
        "/siren wrong-check-digits", "/main_account_id malformed", "/never_block_reports null-not-allowed",
        "/a~1b~0c unknown-field", "/nickname unknown-field",
      ])
  }

  @Test(arguments: [
    JSONValue.null, true, 5, "text", [],
  ])
  func `a body that is no object is one problem at the root`(body: JSONValue) {
    #expect(problems(Contact.fields, body) == [" wrong-type"])
  }

  @Test func `a patch takes any field, empties with null and keeps what never changes`() throws {
    let patch: JSONValue = ["phone": nil, "city": "Bastia"]
    #expect(try Contact.fields.checked(patch, as: .patch) == ["phone": nil, "city": "Bastia"])
    #expect(try Contact.fields.checked([:], as: .patch) == [:])
    let id: JSONValue = "01900000-0000-7000-8000-000000000001"
    #expect(problems(Contact.fields, ["id": id], .patch) == ["/id immutable-field"])
    #expect(problems(Module.fields, ["building_id": id], .patch) == ["/building_id immutable-field"])
  }

  @Test func `rates and quantities are strings on the wire and integers in their columns`() throws {
    let line: JSONValue = [
      "designation": "DPE", "quantity": "2.5", "unit_price_excl_tax_cents": 10000,
      "discount_rate": "5.5", "vat_rate": "20",
    ]
    let columns = try InvoiceLine.fields.checked(line, as: .creation)
    #expect(columns["quantity_ten_thousandths"] == 25000)
    #expect(columns["discount_rate"] == 550)
    #expect(columns["vat_rate"] == 2000)
    #expect(JSONValue.object(InvoiceLine.fields.wire(columns)) == line)
    #expect(
      problems(InvoiceLine.fields, ["designation": "x", "vat_rate": "19"]) == ["/vat_rate unknown-vat-rate"])
    #expect(problems(InvoiceLine.fields, ["designation": "x", "vat_rate": 20]) == ["/vat_rate wrong-type"])
  }

  @Test func `nested lists point at the element and the member`() {
    let draft: JSONValue = [
      "lines": [
        ["designation": "DPE", "vat_rate": "20", "unit_price_excl_tax_cents": 1],
        ["designation": "", "vat_rate": "20", "colour": "red"],
      ],
      "instalments": [["due_on": "2027-02-30", "amount_cents": 0]],
    ]
    #expect(
      problems(Invoice.draft, draft) == [
        "/lines/1/designation blank", "/lines/1/colour unknown-field",
        "/instalments/0/due_on malformed-day", "/instalments/0/amount_cents out-of-range",
      ])
  }

  @Test func `identifiers are kept in one form, so that the same id is one id`() throws {
    let upper: JSONValue = ["id": "01900000-0000-7000-8000-00000000ABCD", "name": "A", "owner_id": nil]
    #expect(try Building.fields.checked(upper, as: .creation)["id"] == "01900000-0000-7000-8000-00000000abcd")
    let day = try DossierDiagnostic.fields.checked(["visited_on": "2026-11-21"], as: .patch)
    #expect(day["visited_on"] == "2026-11-21")
    let instant = try MissionOrder.fields.checked(["finalised_at": "2026-11-21T11:00:00+01:00"], as: .patch)
    #expect(instant["finalised_at"] == "2026-11-21T10:00:00Z")
  }

  @Test func `a signature's image goes to its bytea column and back`() throws {
    let hash = String(repeating: "Ab", count: 32)
    let columns = try Signature.fields.only("image_sha256").checked(
      ["image_sha256": .string(hash)], as: .creation)
    #expect(columns["image_sha256"] == .string("\\x" + hash.lowercased()))
    #expect(Signature.fields.wire(columns)["image_sha256"] == .string(hash.lowercased()))
  }

  @Test(arguments: [
    ("latitude", 91.0), ("longitude", -180.5), ("latitude", -90.01),
  ])
  func `a place outside the globe is refused`(name: String, degrees: Double) {
    #expect(
      problems(Building.fields, [name: JSONValue(number: degrees)], .patch) == ["/\(name) out-of-range"])
  }

  @Test func `Bastia's postcode is digits and its INSEE code keeps the letter (domain case 23)`() throws {
    let body: JSONValue = ["postcode": "20200", "insee_code": "2B033", "latitude": 42.7, "longitude": 9]
    #expect(try Building.fields.checked(body, as: .patch) == body.object)
    #expect(problems(Building.fields, ["insee_code": "2C033"], .patch) == ["/insee_code malformed"])
    #expect(problems(Building.fields, ["insee_code": "97A01"], .patch) == ["/insee_code malformed"])
  }

  @Test func `a text that the database cannot hold is refused where it is typed`() {
    #expect(throws: FieldProblems.self) {
      try Contact.fields.checked(["last_name": "Etche\u{0}verry"], as: .creation)
    }
  }

  @Test func `limits of text count characters, not bytes`() throws {
    let accents = String(repeating: "é", count: 200)
    _ = try Building.fields.checked(["name": .string(accents)], as: .patch)
    #expect(problems(Building.fields, ["name": .string(accents + "é")], .patch) == ["/name too-long"])
  }

  @Test(arguments: [
    ("Paris", false), ("Europe/Paris", true), ("GMT+2", false), ("Indian/Reunion", true), ("UTC", true),
  ])
  func `a time zone is a name of the tz database`(name: String, isKnown: Bool) {
    #expect(problems(Organization.fields, ["time_zone": .string(name)], .patch).isEmpty == isKnown)
  }

  @Test(arguments: [
    ("half_day_split", "13:00", true), ("half_day_split", "24:00", false),
    ("half_day_split", "13:00:00", false),
  ])
  func `the half-day splits at an hour of the clock`(name: String, value: String, isRight: Bool) {
    #expect(problems(Organization.fields, [name: .string(value)], .patch).isEmpty == isRight)
  }

  @Test(arguments: [("12-31", true), ("02-29", true), ("02-30", false), ("13-01", false), ("2-28", false)])
  func `a financial year ends on a day of the year`(value: String, isRight: Bool) {
    #expect(problems(Company.fields, ["fiscal_year_end": .string(value)], .patch).isEmpty == isRight)
  }

  @Test(arguments: [
    ("a@b.fr", true), ("é.o'neil+tag@exemple.museum", true), ("a@localhost", true), ("a@b@c", false),
    ("a b@c.fr", false), ("@c.fr", false), ("a@", false), ("a@b..fr", false), ("a@-b.fr", false),
  ])
  func `an e-mail address has two sides`(value: String, isRight: Bool) {
    #expect(problems(Contact.fields, ["email": .string(value)], .patch).isEmpty == isRight)
  }

  @Test(arguments: [
    ("06 12 34 56 78", true), ("+33 (0)6.12.34.56.78", true), ("0612345678", true), ("06-12", true),
    ("06 12 34 56 78 poste 3", false), ("123", false), ("++336", false),
  ])
  func `a phone number is digits and separators`(value: String, isRight: Bool) {
    #expect(problems(Contact.fields, ["phone": .string(value)], .patch).isEmpty == isRight)
  }

  @Test func `the dossier takes the eight roles and refuses what the server owns`() {
    let id: JSONValue = "01900000-0000-7000-8000-000000000001"
    var body: [String: JSONValue] = ["nature": "sale_rental_management"]
    for role in DossierRole.allCases { body[role.column] = id }
    #expect(DossierRole.allCases.count == 8)
    #expect(problems(Dossier.fields, .object(body)).isEmpty)
    for owned in [
      "number", "status", "created_by", "archived_at", "trashed_at", "version", "organization_id",
    ] {
      #expect(problems(Dossier.fields, [owned: "x"], .patch) == ["/\(owned) unknown-field"])
    }
  }

  @Test func `a later field of the same name takes the place of the earlier`() {
    let set =
      FieldSet([.optional("a", .line), .optional("b", .line)]) + FieldSet([.defaulted("a", .boolean)])
    #expect(set.fields.map(\.name) == ["a", "b"])
    #expect(set["a"]?.kind == .boolean)
    #expect(Company.fields["country"]?.isNullable == false)
  }
}
