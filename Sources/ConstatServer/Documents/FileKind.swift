/// The kinds of file that a dossier takes, each known by its first bytes: what a caller says of a file is not believed.
enum FileKind: String, CaseIterable {
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

  func matches(_ bytes: [UInt8]) -> Bool { bytes.starts(with: signature) }
}
