import Seeded
import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Testing
import Wire

@Suite struct CrowdTests {
    /// Every caller gets one clean ending and every request one record, no
    /// matter what the providers do and which callers leave.
    @Test func aBadDayForEverybody() async throws {
        let seed = UInt64.random(in: .min ... .max)
        let stream = ByteBuffer(string: Sample.openaiStream.joined())
        let trio = Trio(
            .attemptBased { number in
                var generator = SplitMix(seed: seed &+ UInt64(number))
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: return .failing(ErrorTests.failures.randomElement(using: &generator)!.failure)
                case 1: return .failing(.closedBeforeHead(reused: true))
                case 2:
                    let offset = Int.random(in: 0...stream.readableBytes, using: &generator)
                    return .breaking(.cut, after: .events([stream.cut(at: offset)[0]]))
                case 3: return .events(stream.singly)
                case 4: return .json(ErrorTests.openaiError, status: [400, 429, 500].randomElement(using: &generator)!)
                case 5: return .json(Sample.openaiReply)
                default: return .events(Sample.openaiStream.map { ByteBuffer(string: $0) })
                }
            })
        let requests = 600
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<requests {
                group.addTask {
                    var generator = SplitMix(seed: ~seed &+ UInt64(number))
                    let speech = Speech.allCases.randomElement(using: &generator)!
                    let route = ["to-oa", "to-en"].randomElement(using: &generator)!
                    let leaves = Int.random(in: 0..<10, using: &generator)
                    let reply = CollectedReply(leavesAfter: leaves < 3 ? leaves : .max)
                    await trio.serve(
                        speech.request(route, stream: Bool.random(using: &generator)), speech, reply: reply)
                    let told = reply.told
                    #expect(told.offences.isEmpty, "seed \(seed) request \(number): \(told.offences)")
                    #expect(told.isWhole || leaves < 3, "seed \(seed) request \(number): no end")
                }
            }
        }
        #expect(trio.house.book.records.value.count == requests)
        #expect(trio.openai.endings.value.count == trio.openai.requests.value.count)
    }

    @Test func settingsThatChangeUnderWayHarmNobody() async throws {
        let old = Trio(.json(Sample.openaiReply))
        let new = Trio(.json(Sample.openaiReply))
        let gateway = old.house.gateway
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<200 {
                    gateway.replace(number % 2 == 0 ? new.house.gateway.state : old.house.gateway.state)
                    await Task.yield()
                }
            }
            for _ in 0..<400 {
                group.addTask { #expect(await old.serve(Speech.openai.request("to-oa")).status == 200) }
            }
        }
        #expect(old.openai.requests.value.count + new.openai.requests.value.count == 400)
    }
}
