import Crypto
import CryptoExtras
import Foundation

/// Passwords as they are kept: scrypt in the manner of PHC strings, `$scrypt$ln=15,r=8,p=3$salt$key`. N =
/// 2^15, r = 8, p = 3 takes 32 MiB and some tenths of a second (OWASP password storage).
public enum PasswordHash {
  struct Cost: Equatable {
    let log2N: Int
    let blockSize: Int
    let parallelism: Int
  }

  static let cost = Cost(log2N: 15, blockSize: 8, parallelism: 3)

  /// What to keep of a new password. Slow by design: not for the cooperative pool; servers go through
  /// ``PasswordHashing``.
  public static func make(_ password: String) -> String {
    var generator = SystemRandomNumberGenerator()
    let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    return text(cost, salt: salt, key: derive(password, salt: salt, cost))
  }

  /// Whether this is the password. An unreadable or absent hash matches nothing, after the same work.
  static func matches(_ password: String, _ stored: String?) -> Bool {
    guard let stored, let known = parse(stored) else {
      _ = derive(password, salt: [UInt8](repeating: 0, count: 16), cost)
      return false
    }
    return equal(derive(password, salt: known.salt, known.cost), known.key)
  }

  /// Whether the hash was made at another cost than today's.
  static func isOutdated(_ stored: String) -> Bool { parse(stored)?.cost != cost }

  private static func derive(_ password: String, salt: [UInt8], _ cost: Cost) -> [UInt8] {
    // Two keyboards may compose the same é differently.
    let bytes = Array(password.precomposedStringWithCanonicalMapping.utf8)
    let key = try? KDF.Scrypt.deriveKey(
      from: bytes, salt: salt, outputByteCount: 32, rounds: 1 << cost.log2N, blockSize: cost.blockSize,
      parallelism: cost.parallelism)
    return key?.withUnsafeBytes { Array($0) } ?? []
  }

  private static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count, left.count == 32 else { return false }
    return zip(left, right).reduce(into: UInt8(0)) { $0 |= $1.0 ^ $1.1 } == 0
  }

  private static func text(_ cost: Cost, salt: [UInt8], key: [UInt8]) -> String {
    "$scrypt$ln=\(cost.log2N),r=\(cost.blockSize),p=\(cost.parallelism)$\(base64(salt))$\(base64(key))"
  }

  private static func parse(_ text: String) -> (cost: Cost, salt: [UInt8], key: [UInt8])? {
    let parts = text.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt" else { return nil }
    let numbers = parts[2].split(separator: ",").map { $0.split(separator: "=") }
    guard numbers.count == 3, numbers.allSatisfy({ $0.count == 2 }),
      numbers.map({ $0[0] }) == ["ln", "r", "p"],
      let log2N = Int(numbers[0][1]), let blockSize = Int(numbers[1][1]),
      let parallelism = Int(numbers[2][1]),
      (10...20).contains(log2N), (1...32).contains(blockSize), (1...16).contains(parallelism),
      let salt = bytes(parts[3]), let key = bytes(parts[4])
    else { return nil }
    return (Cost(log2N: log2N, blockSize: blockSize, parallelism: parallelism), salt, key)
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString().trimmingCharacters(in: ["="])
  }

  private static func bytes(_ text: Substring) -> [UInt8]? {
    Data(base64Encoded: text + String(repeating: "=", count: (4 - text.count % 4) % 4)).map(Array.init)
  }
}
