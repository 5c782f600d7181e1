/// A table of bounded size that forgets what has not been touched for longest,
/// a generation at a time.
struct AgingTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    /// The table holds twice as many at the most.
    private let generation: Int

    init(generation: Int) { self.generation = generation }

    /// Counts an entry twice that was touched again.
    var count: Int { young.count + old.count }

    /// The entries, each once.
    var all: [Key: Value] { old.merging(young) { _, young in young } }

    subscript(key: Key) -> Value? {
        get { young[key] ?? old[key] }
        set {
            guard let newValue else { return remove(key) }
            if young[key] == nil, young.count >= generation {
                old = young
                young = [:]
            }
            young[key] = newValue
        }
    }

    mutating func remove(_ key: Key) {
        young[key] = nil
        old[key] = nil
    }
}
