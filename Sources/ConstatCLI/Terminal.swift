import ArgumentParser
import Foundation

/// What a command says to the person in front of it. Answers go to standard output, all else to standard
/// error.
enum Terminal {
  /// The exit codes of BSD's sysexits that scripts around us may branch on.
  static let configurationError = ExitCode(78)
  static let unavailable = ExitCode(69)

  static func say(_ line: String) { write(line + "\n", to: 1) }
  static func note(_ line: String) { write(line + "\n", to: 2) }

  /// Says why, and gives the error that ends the command with `code`.
  static func failure(_ reason: String, _ code: ExitCode = .failure) -> ExitCode {
    note("constat: \(reason)")
    return code
  }

  static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      guard written > 0 else { return }
      bytes = bytes.dropFirst(written)
    }
  }
}
