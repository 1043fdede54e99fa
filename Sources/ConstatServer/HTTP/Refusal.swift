/// A typed refusal of a capability's rules that knows how to be told to a caller: routes and use cases throw it as it
/// is, and the gateway words it.
protocol Refusal: Error {
  var problem: Problem { get }
}
