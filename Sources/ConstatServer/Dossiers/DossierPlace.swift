import ConstatCore
import Foundation
import Postgres

/// What a dossier takes over from the building and module that it is put on (DOS-48, PAT-08, PAT-09), or from the
/// requester who owns and occupies the property (DOS-44, AMB-23). What the order says itself stands.
struct DossierPlace {
  private static let address = ["street", "address_complement", "postcode", "city", "country"]
  private static let location = ["insee_code", "latitude", "longitude"]

  /// Columns of the place, named as the dossier's.
  let columns: [String: JSONValue]

  /// Fills in what the values leave out. `facts: false` takes the address only, for a dossier whose facts are known.
  func fill(_ values: inout [String: JSONValue], facts: Bool) {
    let saysWhere = (Self.address + Self.location).contains { values[$0] != nil }
    for (column, value) in columns where values[column] == nil && !value.isNull {
      let isWhere = Self.address.contains(column) || Self.location.contains(column)
      let isLink = column == "building_id" || column == "module_id"
      if isWhere ? !saysWhere : (facts || isLink) { values[column] = value }
    }
  }

  /// Reads the result of ``DossierStore/place(_:building:module:)``; refuses a module of another building.
  init?(_ result: QueryResult, building: UUID?, module: UUID?) throws {
    guard building != nil || module != nil else { return nil }
    guard let row = result.first, let members = try JSONValue(row).object else {
      throw Problem.field(
        building == nil ? "/module_id" : "/building_id", "not-found", "ce bâtiment ou ce lot n'existe pas")
    }
    if module != nil, members["module_id"]?.isNull ?? true {
      throw Problem.field("/module_id", "inconsistent", "ce lot n'est pas de ce bâtiment")
    }
    columns = members
  }

  /// The address of a requester who is owner and occupant.
  init?(person: QueryResult, roles values: [String: JSONValue]) throws {
    guard let requester = values["requester_id"]?.string, values["owner_id"]?.string == requester,
      values["occupant_id"]?.string == requester, let row = person.first,
      let members = try JSONValue(row).object
    else { return nil }
    columns = members.filter { Self.address.contains($0.key) }
  }
}
