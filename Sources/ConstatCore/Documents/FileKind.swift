/// The kinds of file that a dossier takes, each known by its first bytes: what a caller says of a file is not believed.
public enum FileKind: String, Sendable, Hashable, Codable, CaseIterable {
  case pdf = "application/pdf"
  case jpeg = "image/jpeg"
  case png = "image/png"

  private var signature: [UInt8] {
    switch self {
    case .pdf: Array("%PDF-".utf8)
    case .jpeg: [0xff, 0xd8, 0xff]
    case .png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    }
  }

  /// What the bytes are by their beginning; nil for all else.
  public init?(of bytes: some Collection<UInt8>) {
    guard let kind = FileKind.allCases.first(where: { $0.matches(bytes) }) else { return nil }
    self = kind
  }

  public func matches(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: signature) }
}
