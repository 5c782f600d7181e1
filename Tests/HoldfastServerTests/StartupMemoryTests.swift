import Glibc
import HoldfastServer
import Testing

@Suite struct StartupMemoryTests {
    @Test("only code that a file holds is given back, and nothing that was written to")
    func onlyCodeOfFilesIsGivenBack() {
        let maps = """
            5581c0000000-5581c0100000 r--p 00000000 fe:00 131 /usr/local/bin/holdfast
            5581c0100000-5581c1900000 r-xp 00100000 fe:00 131 /usr/local/bin/holdfast
            5581c1900000-5581c1a00000 rw-p 01900000 fe:00 131 /usr/local/bin/holdfast
            5581c2000000-5581c2200000 rw-p 00000000 00:00 0 [heap]
            7f0000000000-7f0000010000 rwxp 00000000 fe:00 9 /tmp/written.so
            7f0000020000-7f0000030000 r-xp 00000000 00:00 0
            7f0000040000-7f0000050000 r-xp 00002000 fe:00 77 /opt/a folder/lib.so (deleted)
            7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0 [vdso]
            zzzz-7f00 r-xp 00000000 fe:00 1 /x
            7f00-7e00 r-xp 00000000 fe:00 1 /x
            """
        #expect(
            StartupMemory.codeRanges(maps) == [
                0x5581_c010_0000..<0x5581_c190_0000, 0x7f00_0004_0000..<0x7f00_0005_0000,
            ])
    }

    @Test("code that was given back runs on")
    func codeRunsOn() {
        let before = (1...1000).map { String($0 * $0) }
        for _ in 0..<3 { StartupMemory.release() }
        #expect((1...1000).map { String($0 * $0) } == before)
    }
}
