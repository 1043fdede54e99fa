import ConstatCore
import Foundation
import Postgres

/// The address book (CON-01…): contacts of every kind, with the discount and flags that follow them into dossiers.
struct ContactRoutes {
  func register(in routes: inout Routes) {
    Resource(
      "/v1/contacts", table: "contact", fields: Contact.fields,
      read: .staff, write: .staff(.admin, .office, .accountant, .sales),
      filters: ["q", "kind", "city", "main_account_id"], search: .contact,
      one: ContactStore.one, list: ContactStore.page,
      prepare: { writing, id, _, values in
        try await LinkAccount(writing: writing, id: id, values: values).check()
      }
    ).register(in: &routes)
  }
}
