package import Storage

/// All that a running Holdfast keeps for the next process.
package typealias ServerStorage =
    CountStore & CustodyMemory & DisclosureMemory & DrillReports & HealthMemory & LedgerHeads & MessageOutbox
    & SecretMemory & VetoMemory
