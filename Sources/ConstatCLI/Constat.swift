@main struct Constat { static func main() {} }
