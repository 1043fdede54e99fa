/// What a staff user may do. Profiles combine: one person may be office and technician (AMB-03).
public enum Profile: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
  case superAdmin = "super_admin"
  case admin
  case office
  case accountant
  case sales
  case technician
  /// Follows a converted opportunity (pigiste).
  case canvasser

  public static func < (left: Profile, right: Profile) -> Bool { left.rawValue < right.rawValue }
}

extension Set<Profile> {
  /// Where the manual says "administrator", both administrators are meant (AMB-03).
  public var isAdministrator: Bool { contains(.admin) || contains(.superAdmin) }

  /// The field-return block is for administrators and accountants only (IDN-11, MIS-28).
  public var readsFieldReturn: Bool { isAdministrator || contains(.accountant) }

  /// The reminders of a contact are for accountants and sales only; the super-administrator
  /// always (IDN-12, AMB-04).
  public var readsReminders: Bool {
    contains(.accountant) || contains(.sales) || contains(.superAdmin)
  }
}
