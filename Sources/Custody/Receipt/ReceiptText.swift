import NIOCore
package import Wire

extension CustodyReceipt {
    /// One JSON object; docs/custody.md describes its members.
    package var json: String {
        var json = JSONWriter()
        write(to: &json)
        return String(buffer: json.buffer)
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("v", 1)
            if !id.isEmpty { json.member("id", id) }
            json.member("provider", provider)
            json.member("model", model)
            json.member("role", role.rawValue)
            json.member("time", time)
            json.member("manifest_root", manifestRoot.hex)
            json.member("manifest", origin.rawValue)
            json.array("files") { json in
                for file in files {
                    json.object { json in
                        json.member("name", file.name)
                        json.member("size", Int(file.size))
                        json.member("sha256", file.sha256.hex)
                        json.array("seals") { json in for seal in file.seals.names { json.value(seal) } }
                    }
                }
            }
            json.member("process", process)
            json.member("seen", witness)
            json.member("engine_sha256", engine.hex)
            json.member("engine_pinned", isEnginePinned)
            json.member("epoch", ifPresent: epoch.map { Int($0) })
            json.array("executables") { json in
                for image in images {
                    json.object { json in
                        json.member("path", image.path)
                        json.member("sha256", image.sha256.hex)
                    }
                }
            }
            json.object("sandbox") { json in
                for protection in protections {
                    json.key(dynamic: protection.name.rawValue)
                    json.object { json in
                        json.member("held", protection.isHeld)
                        json.member("how", protection.how)
                    }
                }
            }
            json.member("scrub", isScrubbedWhole ? "whole" : "partial")
            json.array("mappings") { json in
                for mapping in mappings {
                    json.object { json in
                        json.member("file", mapping.file)
                        json.member("bytes", Int(mapping.mapped))
                        json.member("whole", mapping.isWhole)
                        json.array("at") { json in
                            for range in mapping.ranges {
                                json.object { json in
                                    json.member("from", String(range.addresses.lowerBound, radix: 16))
                                    json.member("to", String(range.addresses.upperBound, radix: 16))
                                    json.member("offset", Int(range.offset))
                                    json.member("shared", range.isShared)
                                    json.member("writable", range.isWritable)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
