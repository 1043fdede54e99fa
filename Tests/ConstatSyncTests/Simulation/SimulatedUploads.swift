import ConstatCore
import ConstatSync
import Seeds

/// Bytes of photos, sent in parts on a queue of their own, before their rows or after them.
extension SimulatedServer {
  static let partCount = 3

  enum UploadAnswer: Equatable {
    /// So many parts are there now.
    case parts(Int)
    /// These bytes are not what their name says, and never will be.
    case refused
  }

  func uploaded(_ hash: String, by device: String) -> Int {
    blobs.contains(hash) ? Self.partCount : parts[device, default: [:]][hash] ?? 0
  }

  /// Takes one part, if it is the next; the last makes the bytes whole, and tells the rows that wait for them.
  mutating func upload(_ hash: String, part: Int, by device: String) -> UploadAnswer {
    let there = uploaded(hash, by: device)
    guard part == there, there < Self.partCount else { return .parts(there) }
    if there == Self.partCount - 1, Simulation.isDamaged(hash) { return .refused }
    parts[device, default: [:]][hash] = there + 1
    guard there + 1 == Self.partCount else { return .parts(there + 1) }
    blobs.insert(hash)
    let waiting = rows.filter {
      $0.key.type == .attachment && !$0.value.isDeleted && $0.value.values["sha256"]?.string == hash
        && $0.value.values["state"] == "awaiting_blob"
    }.keys.sorted()
    if !waiting.isEmpty, mutant != .lateBytesUnseen {
      seal()
      for key in waiting { store(.update(["state": "stored"]), key, device: nil, known: version) }
    }
    return .parts(Self.partCount)
  }

  /// What the database makes of a new attachment: the hash in the wire's form, and whether its bytes are there already.
  func settled(_ values: [String: JSONValue]) -> [String: JSONValue] {
    var values = values
    let hash = String((values["sha256"]?.string ?? "").suffix(64))
    values["sha256"] = .string(hash)
    let isThere = blobs.contains(hash) || mutant == .storedUnseen
    values["state"] = isThere ? "stored" : "awaiting_blob"
    return values
  }
}

/// The queue of one device.
struct SimulatedFiles {
  struct File {
    /// The checkpoint's epoch when the server had all of it.
    var uploadedIn: String?
    var isSetAside = false
  }

  var files: [String: File] = [:]

  /// What is to be sent. An upload counts in the epoch that it ended in: a server restored from a backup may have
  /// forgotten it, also where the device no longer sees the mission.
  func next(in epoch: String) -> String? {
    files.filter { _, file in
      file.uploadedIn != epoch && !file.isSetAside
    }.keys.min()
  }
}

extension Simulation {
  static func hash(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 64 - digits.count) + digits
  }

  /// One photo in eight is damaged on the device.
  static func isDamaged(_ hash: String) -> Bool { hash.hasSuffix("7") }

  /// A photo: its row goes with the journal, its bytes wait in the queue. Some are taken twice.
  mutating func photo(_ index: Int, in dossier: String, _ token: String) -> [SimulatedDevice.Edit] {
    let hash = Simulation.hash(random.below(24))
    rowCount += 1
    if devices[index].photos.files[hash] == nil { devices[index].photos.files[hash] = .init() }
    return [
      .init(
        key: EntityKey(.attachment, Simulation.id("f0", rowCount)), operation: .create, dossier: dossier,
        set: [
          "dossier_id": .string(dossier), "kind": "photo", "file_name": "photo.jpg",
          "media_type": "image/jpeg",
          "size_bytes": 3, "sha256": .string(hash), "caption": .string(token),
        ])
    ]
  }

  /// Sends one part, from where the server is; false where nothing waits.
  @discardableResult
  mutating func upload(_ index: Int, lossy: Bool) -> Bool {
    let device = devices[index]
    guard !device.isWiped, let hash = device.photos.next(in: device.checkpoint.base.epoch)
    else { return false }
    if lossy, random.chance(15) { return true }
    let there = server.uploaded(hash, by: device.id)
    var answer = SimulatedServer.UploadAnswer.parts(there)
    if there < SimulatedServer.partCount { answer = server.upload(hash, part: there, by: device.id) }
    if lossy, random.chance(15) { return true }
    switch answer {
    case .refused: devices[index].photos.files[hash]?.isSetAside = true
    case .parts(let count) where count == SimulatedServer.partCount:
      // In the epoch of the checkpoint: where the server is ahead of it, the device asks once more.
      devices[index].photos.files[hash]?.uploadedIn = device.checkpoint.base.epoch
    case .parts: break
    }
    return true
  }
}

extension Oracle {
  /// A row says that its bytes are there where they are; and they are, of every photo that is sound.
  func photos() -> String? {
    for (key, row) in server.rows.sorted(by: { $0.key < $1.key })
    where key.type == .attachment && !row.isDeleted {
      let hash = row.values["sha256"]?.string ?? ""
      let isThere = server.blobs.contains(hash)
      if (row.values["state"] == "stored") != isThere { return "\(key) is not as its bytes are" }
      if isThere || Simulation.isDamaged(hash) { continue }
      let isHeld = simulation.devices.contains { !$0.isWiped && $0.photos.files[hash] != nil }
      if isHeld { return "bytes of \(key) are missing" }
    }
    return nil
  }
}
