import ConstatCore
import Foundation
import Postgres

/// The property portfolio (PAT-01): buildings, and the modules that they are made of.
struct BuildingRoutes {
  static let write = Access.staff(.admin, .office, .sales)

  func register(in routes: inout Routes) {
    Resource(
      "/v1/buildings", table: "building", fields: Building.fields, read: .staff, write: Self.write,
      filters: ["q", "city", "owner_id"], deletable: true,
      one: BuildingStore.one, list: BuildingStore.page,
      prepare: { writing, id, use, _ in
        if use == .deletion { try await BuildingStore(writing.transaction).empty(writing.organization, id) }
      }
    ).register(in: &routes)
    ChildResource(
      of: ("/v1/buildings", "building"), collection: "modules", path: "/v1/modules", table: "module",
      link: "building_id", fields: Module.fields, read: .staff, write: Self.write, deletable: true,
      one: BuildingStore.module, list: BuildingStore.modules,
      prepare: { writing, id, use, _ in
        if use == .deletion {
          try await BuildingStore(writing.transaction).detach(writing.organization, module: id)
        }
      }
    ).register(in: &routes)
  }
}
