/// What to try on a server that was just seeded.
struct NextSteps {
  let host: String
  let port: Int

  var text: String {
    let base = "http://\(host):\(port)"
    return """

      Try, in another terminal:

        TOKEN=$(curl -s \(base)/v1/auth/login -H 'Content-Type: application/json' \\
          -d '{"email":"claire@demo.test","password":"\(DemoCast.password)"}' | sed -E 's/.*"access_token":"([^"]+)".*/\\1/')

        curl -s \(base)/v1/contacts -H "Authorization: Bearer $TOKEN"
        curl -s \(base)/v1/contacts -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"last_name":"Etcheverry"}'
        curl -s \(base)/readyz

        constat demo        the whole story, step by step (.build/debug/constat demo)
        \(base)/docs        the contract as a page

      Ctrl-C stops the server; the data stays.
      """
  }
}
