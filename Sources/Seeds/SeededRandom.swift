/// SplitMix64: the same seed draws the same history on every machine.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The seed is scattered first: neighbours would otherwise draw one sequence, shifted by one.
  public init(seed: UInt64) {
    state = seed
    state = next() ^ seed.byteSwapped
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
  public mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
  public mutating func pick<Item>(_ items: [Item]) -> Item { items[below(items.count)] }
}
