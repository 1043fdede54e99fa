import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// The payer as an issued document shows it, frozen on the day of issue: the contact may move, the document may not.
struct PayerSnapshot: RowDecodable {
  static let columns: SQL = """
    c.id AS contact_id, c.kind AS contact_kind, c.company_name, c.title, c.last_name, c.first_name, c.street,
    c.address_complement, c.postcode, c.city, c.country, c.siren, c.vat_number, c.accounting_code
    """

  let contact: UUID
  private let members: [String: String]

  init(row: Row) throws {
    contact = try row.get("contact_id")
    var members: [String: String] = [:]
    for name in [
      "company_name", "title", "last_name", "first_name", "street", "address_complement", "postcode", "city",
      "country", "siren", "vat_number", "accounting_code",
    ] {
      members[name] = try row.get(name, as: String?.self)
    }
    members["kind"] = try row.get("contact_kind", as: String.self)
    self.members = members
  }

  /// The company's name, or the person's: "Etcheverry Maite".
  var name: String {
    if let company = members["company_name"], !company.isEmpty { return company }
    return [members["last_name"], members["first_name"]].compactMap(\.self).joined(separator: " ")
  }

  /// Its account under 411: the accounting code that people gave the contact, or one made from its id, which never
  /// changes. A code without letter or digit would leave nothing in a FEC.
  var auxiliary: Auxiliary {
    let code = members["accounting_code"].flatMap { $0.contains { $0.isLetter || $0.isNumber } ? $0 : nil }
    return Auxiliary(number: code ?? "C" + contact.uuidString.suffix(12), label: name)
  }

  /// For money whose payer nobody knows yet.
  static let unknown = Auxiliary(number: "CDIVERS", label: "Clients divers")

  var json: JSONValue {
    var object = members.mapValues(JSONValue.string)
    object["contact_id"] = .string(contact.uuidString.lowercased())
    object["name"] = .string(name)
    object["auxiliary"] = .string(auxiliary.number)
    object["auxiliary_label"] = .string(auxiliary.label)
    return .object(object)
  }
}
