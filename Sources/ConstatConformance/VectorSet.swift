import ConstatCore
public import Foundation

/// The vectors of a folder: `server/*.json`, each on its own, and `given/*.json`, the set-ups that they name.
public struct VectorSet: Sendable {
  /// By name.
  public let vectors: [Vector]
  public let givens: [String: Vector]

  public init(directory: URL) throws {
    vectors = try Self.read(directory.appending(path: "server"))
    let givens = try Self.read(directory.appending(path: "given"))
    self.givens = Dictionary(givens.map { ($0.name, $0) }) { one, _ in one }
    for vector in vectors + givens {
      for name in vector.given where self.givens[name] == nil {
        throw VectorFault(vector.name, "no set-up is named \(name)")
      }
    }
  }

  public init(vectors: [Vector], givens: [String: Vector]) {
    self.vectors = vectors
    self.givens = givens
  }

  /// The vector's steps behind those of its set-ups, each set-up once.
  public func steps(of vector: Vector) -> [VectorStep] {
    var played: Set<String> = []
    func collect(_ one: Vector) -> [VectorStep] {
      one.given.flatMap { name -> [VectorStep] in
        guard played.insert(name).inserted, let given = givens[name] else { return [] }
        return collect(given)
      } + one.steps
    }
    return collect(vector)
  }

  private static func read(_ folder: URL) throws -> [Vector] {
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "json" }.sorted { $0.lastPathComponent < $1.lastPathComponent }
    return try files.map { file in
      let name = file.deletingPathExtension().lastPathComponent
      do {
        return try Vector(name: name, json: JSONValue.parse(Array(Data(contentsOf: file))))
      } catch let error as JSONError {
        throw VectorFault(name, "no JSON: \(error)")
      }
    }
  }
}
