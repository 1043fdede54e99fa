import ConstatCore
import ConstatDevice
import Crypto
import Seeds

/// The photos that a technician takes, and their own way to the server.
extension SimulatedTechnician {
  /// Some are larger than one part of an upload, a few are of the same bytes as one before.
  func takePhoto() async throws {
    guard let device, let mission = try await anyMission() else { return }
    let size = random.chance(15) ? 1_100_000 + random.below(1_500_000) : 2_000 + random.below(30_000)
    let bytes = lastPhoto.isEmpty || random.chance(85) ? FileKind.jpeg.sample(of: size, &random) : lastPhoto
    lastPhoto = bytes
    try await typing("photos taken") {
      let token = token(.creation)
      try await device.attach(mission.id, bytes, named: "photo.jpg", caption: token)
      photos.append(TakenPhoto(token: token, sha256: SHA256.hash(data: bytes).hexadecimal))
    }
  }

  /// As far as the network lets them through.
  func sendPhotos() async throws {
    try await online("uploads") {
      guard let report = try await device?.uploadAttachments() else { return }
      tally.add("photos sent", report.uploaded)
      day?.saw(photos: report.uploaded)
      for problem in report.setAside.values {
        faults.append("device \(index): a photo was set aside: \(problem.code)")
      }
    }
  }

  /// Those that wait for their time are to be sent now.
  func hurryPhotos() async throws {
    for photo in photos { try await device?.retryAttachment(photo.sha256) }
  }

  func settlePhotos() async throws {
    for _ in 1...40 {
      try await hurryPhotos()
      try await sendPhotos()
      guard let left = try await device?.pendingAttachments, left.count + left.setAside > 0 else { return }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw Wedged(
      detail: "\(try await device?.pendingAttachments.count ?? 0) photos are left after 40 uploads")
  }
}

extension FileKind {
  /// A file of this kind that nobody has seen before.
  func sample(of size: Int, _ random: inout SeededRandom) -> [UInt8] {
    let head: [UInt8] =
      switch self {
      case .pdf: Array("%PDF-".utf8)
      case .jpeg: [0xff, 0xd8, 0xff]
      case .png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
      }
    let mark = (0..<16).map { _ in UInt8(truncatingIfNeeded: random.below(256)) }
    return head + mark + (0..<max(0, size)).map { UInt8(truncatingIfNeeded: $0 / 97) }
  }
}

extension Digest {
  var hexadecimal: String {
    map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}
