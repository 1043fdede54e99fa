import ArgumentParser
import ConstatDemo
import Foundation

/// Plays the main job against a running server, step by step; ends with an error at the first that is not as
/// told.
struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Play the main job, from the phone call to the accountant's file, against a running server.",
    discussion: "Needs the demo organization of `constat seed`. Can be played again.")

  @Option(help: "The server's address.")
  var server = "http://127.0.0.1:8080"

  func run() async throws {
    let file = FileManager.default.temporaryDirectory.appending(
      path: "constat-demo-\(UUID().uuidString).sqlite"
    ).path
    defer {
      for suffix in ["", "-wal", "-shm", "-attachments"] {
        try? FileManager.default.removeItem(atPath: file + suffix)
      }
    }
    let story = Story(cast: DemoCast.cast(server: server, deviceFile: file)) { line in
      switch line {
      case .chapter(let title): print("\n\(title)")
      case .step(let what, let outcome): print("  ✔ \(what): \(outcome)")
      }
    }
    do {
      try await story.play()
    } catch let departure as Story.Departure {
      print("  ✘ \(departure.step)\n    \(departure.detail)")
      throw ExitCode.failure
    }
    print("\nThe story went as told.")
  }
}
