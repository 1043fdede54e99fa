public import CoreMetrics
import Synchronization

/// Metrics kept in memory and rendered as Prometheus text. Labels are route templates and statuses, never an
/// organization's id: series must stay few, and what an organization does is not the operator's to read.
public final class PrometheusMetrics: MetricsFactory, Sendable {
  private struct Key: Hashable {
    let name: String
    let labels: String
  }
  private let instruments = Mutex<[Key: any Instrument]>([:])

  public init() {}

  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    instrument(label + "_total", dimensions) { Tally() }
  }

  public func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    instrument(label + "_total", dimensions) { Tally() }
  }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    instrument(label, dimensions) { Level() }
  }

  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool)
    -> any RecorderHandler
  {
    if aggregate { return instrument(label, dimensions) { Histogram(bounds: Histogram.powersOfFour) } }
    return instrument(label, dimensions) { Level() }
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    instrument(label + "_seconds", dimensions) { Histogram(bounds: Histogram.latencies) }
  }

  // What was counted stays counted: a Prometheus series that vanishes reads as a restart.
  public func destroyCounter(_: any CounterHandler) {}
  public func destroyFloatingPointCounter(_: any FloatingPointCounterHandler) {}
  public func destroyMeter(_: any MeterHandler) {}
  public func destroyRecorder(_: any RecorderHandler) {}
  public func destroyTimer(_: any TimerHandler) {}

  private func instrument<I: Instrument>(_ label: String, _ dimensions: [(String, String)], _ make: () -> I)
    -> I
  {
    let key = Key(name: Self.name(label), labels: Self.labels(dimensions))
    return instruments.withLock { instruments in
      if let known = instruments[key] as? I { return known }
      let made = make()
      instruments[key] = made
      return made
    }
  }

  /// The text exposition format, version 0.0.4; what has not been seen yet is left out.
  public func rendered() -> String {
    let all = instruments.withLock { $0 }.filter { $0.value.isUsed }
    var text = ""
    for (name, series) in Dictionary(grouping: all, by: \.key.name).sorted(by: { $0.key < $1.key }) {
      text += "# TYPE \(name) \(series[0].value.type)\n"
      for (key, instrument) in series.sorted(by: { $0.key.labels < $1.key.labels }) {
        instrument.render(name, key.labels, to: &text)
      }
    }
    return text
  }

  private static func name(_ label: String) -> String {
    "constat_" + String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }

  /// `route="GET /v1/contacts",status="2xx"`, values escaped.
  private static func labels(_ dimensions: [(String, String)]) -> String {
    dimensions.map { name, value in
      let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing(
        "\n", with: "\\n")
      return "\(name)=\"\(escaped)\""
    }.joined(separator: ",")
  }
}

/// A series of values under one name and one set of labels.
private protocol Instrument: AnyObject, Sendable {
  var type: String { get }
  var isUsed: Bool { get }
  func render(_ name: String, _ labels: String, to text: inout String)
}

extension Instrument {
  fileprivate func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }
}

/// A sum that only grows.
private final class Tally: CounterHandler, FloatingPointCounterHandler, Instrument {
  private let sum = Mutex(0.0)
  var type: String { "counter" }
  var isUsed: Bool { sum.withLock { $0 > 0 } }

  func increment(by amount: Int64) { increment(by: Double(amount)) }
  func increment(by amount: Double) { sum.withLock { $0 += amount } }
  func reset() { sum.withLock { $0 = 0 } }

  func render(_ name: String, _ labels: String, to text: inout String) {
    text += "\(name)\(braced(labels)) \(sum.withLock { $0 })\n"
  }
}

/// A value that comes and goes.
private final class Level: MeterHandler, RecorderHandler, Instrument {
  private let value = Mutex(0.0)
  var type: String { "gauge" }
  var isUsed: Bool { true }

  func set(_ new: Int64) { set(Double(new)) }
  func set(_ new: Double) { value.withLock { $0 = new } }
  func increment(by amount: Double) { value.withLock { $0 += amount } }
  func decrement(by amount: Double) { value.withLock { $0 -= amount } }
  func record(_ new: Int64) { set(Double(new)) }
  func record(_ new: Double) { set(new) }

  func render(_ name: String, _ labels: String, to text: inout String) {
    text += "\(name)\(braced(labels)) \(value.withLock { $0 })\n"
  }
}

/// How often values fell under each of a few fixed bounds.
private final class Histogram: TimerHandler, RecorderHandler, Instrument {
  static let latencies = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  static let powersOfFour: [Double] = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536]

  private struct State {
    var counts: [Int]
    var sum = 0.0
    var count = 0
  }
  private let bounds: [Double]
  private let state: Mutex<State>
  var type: String { "histogram" }
  var isUsed: Bool { state.withLock { $0.count > 0 } }

  init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(State(counts: Array(repeating: 0, count: bounds.count)))
  }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
  func record(_ value: Int64) { record(Double(value)) }
  func record(_ value: Double) {
    let bucket = bounds.firstIndex { value <= $0 }
    state.withLock {
      if let bucket { $0.counts[bucket] += 1 }
      $0.sum += value
      $0.count += 1
    }
  }

  func render(_ name: String, _ labels: String, to text: inout String) {
    let now = state.withLock { $0 }
    let prefix = labels.isEmpty ? "" : labels + ","
    var below = 0
    for (bound, count) in zip(bounds, now.counts) {
      below += count
      text += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(below)\n"
    }
    text += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(now.count)\n"
    text += "\(name)_sum\(braced(labels)) \(now.sum)\n"
    text += "\(name)_count\(braced(labels)) \(now.count)\n"
  }
}
