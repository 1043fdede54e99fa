import HTTPTypes

/// Receives bodies: so many bytes, and so fast. Slow networks are ours to wait for; a caller who holds a connection with a
/// byte now and then is not.
enum BodyReading {
  /// What a body may take before its pace counts, and beyond it a second for each so many bytes.
  static let grace = Duration.seconds(60)
  private static let bytesPerSecond = 1024

  /// All bytes of the parts, at most `limit`. Who sends nothing at all is left to the connection's own idle time.
  static func gathered<Parts: AsyncSequence>(
    _ parts: Parts, limit: Int, grace: Duration = grace
  ) async throws -> [UInt8] where Parts.Element: Collection<UInt8> {
    let start = ContinuousClock.now
    var bytes: [UInt8] = []
    do {
      for try await part in parts {
        guard bytes.count + part.count <= limit else { throw Problem.tooLarge(limit) }
        bytes += part
        if ContinuousClock.now - start > grace + .seconds(bytes.count / bytesPerSecond) {
          throw Problem.tooSlow
        }
      }
      return bytes
    } catch let problem as Problem {
      throw problem
    } catch {
      // The connection broke in the middle of it: no fault of ours, and there is hardly anyone left to tell.
      throw Problem(.badRequest, "body-incomplete", "Corps incomplet", headers: [.connection: "close"])
    }
  }
}
