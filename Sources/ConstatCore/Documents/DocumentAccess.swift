/// What a contact may do with a report: a right on the dossier and a block on the report are
/// two things (DOC-08, AMB-18). The file is served only with the one and without the other.
public enum DocumentAccess: String, Sendable, Hashable, Codable, CaseIterable {
  case open
  /// Listed with a padlock; not served (DOC-12).
  case blocked
  case noRight = "no_right"
  case noRightAndBlocked = "no_right_and_blocked"

  /// A block never hits a contact whose reports are never blocked (CON-19, AMB-19); being the
  /// payer does not lift it.
  public init(rights: DossierRights?, blocked: Bool, neverBlockReports: Bool) {
    let isBlocked = blocked && !neverBlockReports
    switch (rights?.reports ?? false, isBlocked) {
    case (true, false): self = .open
    case (true, true): self = .blocked
    case (false, false): self = .noRight
    case (false, true): self = .noRightAndBlocked
    }
  }

  public var isServed: Bool { self == .open }
  public var isListed: Bool { self == .open || self == .blocked }
}

/// The indicator of the dossier list (DOS-25). A dossier may be blocked for one contact and
/// downloaded by another: none, then blocked, then downloaded, then available (AMB-17).
public enum ReportIndicator: String, Sendable, Hashable, Codable, CaseIterable {
  case none
  case blocked
  case downloaded
  case available

  public init(attached: Int, anyBlocked: Bool, downloads: Int) {
    switch (attached, anyBlocked, downloads) {
    case (0, _, _): self = .none
    case (_, true, _): self = .blocked
    case (_, false, 0): self = .available
    default: self = .downloaded
    }
  }
}
