import AdminAPI
import Custody
import EngineHost
import FrontDoor
import NIOCore
import Wire

/// The administrators' resource for hosted models' custody.
struct CustodyPages {
    let engines: EngineService

    var pages: [AdminDoor.Page] { [AdminDoor.Page(AdminPath.custody) { (200, receipts()) }] }

    private func receipts() -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.array("engines") { json in
                for (provider, engine) in engines.supervisors {
                    json.object { json in
                        json.member("provider", provider)
                        json.member("model", engine.model)
                        switch engine.state {
                        case .ready: json.member("state", "ready")
                        case .starting: json.member("state", "starting")
                        case .stopped: json.member("state", "stopped")
                        case .failed(let reason, _):
                            json.member("state", "failed")
                            json.member("reason", reason)
                        }
                        if let receipt = engine.receipt {
                            json.key("receipt")
                            receipt.write(to: &json)
                        }
                    }
                }
            }
        }
        return json.buffer
    }
}
