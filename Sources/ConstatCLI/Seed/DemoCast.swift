import ConstatCore
import ConstatDemo
import ConstatServer

/// The people of the demo organization, and a neighbour of another.
enum DemoCast {
  /// Of everyone.
  static let password = "constat-demo"

  struct Person {
    let name: String
    let firstName: String
    let lastName: String
    let profiles: Set<Profile>
  }

  static let people = [
    Person(name: "admin", firstName: "Amaia", lastName: "Etcheverry", profiles: [.superAdmin, .admin]),
    Person(name: "claire", firstName: "Claire", lastName: "Dufau", profiles: [.office]),
    Person(name: "compta", firstName: "Maritxu", lastName: "Bidegain", profiles: [.accountant]),
    Person(name: "marc", firstName: "Marc", lastName: "Bidart", profiles: [.technician]),
    Person(name: "nadia", firstName: "Nadia", lastName: "Sarrat", profiles: [.technician]),
  ]

  /// With one hash for all, since each takes its time by design.
  static func members() -> [FoundOrganization.Member] {
    let hash = PasswordHash.make(password)
    return people.map {
      .init(
        email: "\($0.name)@demo.test", firstName: $0.firstName, lastName: $0.lastName, profiles: $0.profiles,
        passwordHash: hash)
    }
  }

  static func neighbours() -> [FoundOrganization.Member] {
    [
      .init(
        email: "admin@voisin.test", firstName: nil, lastName: "Voisin", profiles: [.superAdmin, .admin],
        passwordHash: PasswordHash.make(password))
    ]
  }

  static func cast(server: String, deviceFile: String) -> Story.Cast {
    func signIn(_ name: String) -> Story.SignIn { .init(email: "\(name)@demo.test", password: password) }
    return Story.Cast(
      server: server, admin: signIn("admin"), office: signIn("claire"), accountant: signIn("compta"),
      marc: signIn("marc"), nadia: signIn("nadia"),
      neighbour: .init(email: "admin@voisin.test", password: password), deviceFile: deviceFile)
  }
}
