extension GGUFModelTests {
    static let model: [HostileFile] = [
        .gguf("no architecture", says: "has no \"general.architecture\"") { $0["general.architecture"] = nil },
        .gguf("an architecture that is a number", says: "not string") { $0["general.architecture"] = .u32(1) },
        .gguf("an architecture that is no name", says: "is no name") {
            $0["general.architecture"] = .string("../llama")
        },
        .gguf("no block_count", says: "has no \"llama.block_count\"") { $0["llama.block_count"] = nil },
        .gguf("a block_count of 0", says: "not from 1 to 512") { $0["llama.block_count"] = .u32(0) },
        .gguf("a block_count of 513", says: "not from 1 to 512") { $0["llama.block_count"] = .u32(513) },
        .gguf("a block_count of 2^32 - 1", says: "not from 1 to 512") { $0["llama.block_count"] = .u32(.max) },
        .gguf("a negative block_count", says: "not u32") { $0["llama.block_count"] = .i32(-1) },
        .gguf("a block_count that is an array", says: "not u32") { $0["llama.block_count"] = .u32s([2]) },
        .gguf("no context_length", says: "has no \"llama.context_length\"") { $0["llama.context_length"] = nil },
        .gguf("a context_length of 0", says: "not from 1") { $0["llama.context_length"] = .u32(0) },
        .gguf("a context_length past any memory", says: "not from 1") { $0["llama.context_length"] = .u32(.max) },
        .gguf("no embedding_length", says: "has no \"llama.embedding_length\"") { $0["llama.embedding_length"] = nil },
        .gguf("an embedding_length of 0", says: "not from 1") { $0["llama.embedding_length"] = .u32(0) },
        .gguf("no heads", says: "\"llama.attention.head_count\" is 0") { $0["llama.attention.head_count"] = .u32(0) },
        .gguf("no heads for keys", says: "head_count_kv\" is 0") { $0["llama.attention.head_count_kv"] = .u32(0) },
        .gguf("heads that don't divide the embedding", says: "don't divide an embedding of 32") {
            $0["llama.attention.head_count"] = .u32(6)
        },
        .gguf("heads for keys that don't divide the heads", says: "don't divide them") {
            $0["llama.attention.head_count_kv"] = .u32(3)
        },
        .gguf("more heads for keys than heads", says: "don't divide them") {
            $0["llama.attention.head_count_kv"] = .u32(8)
        },
        .gguf("a layer with heads for keys alone", says: "layer 1 has 0 heads") {
            $0["llama.attention.head_count"] = .u32s([4, 0])
        },
        .gguf("heads for three of two layers", says: "3 elements for 2 layers") {
            $0["llama.attention.head_count"] = .u32s([4, 4, 4])
        },
        .gguf("heads for one of two layers", says: "1 elements for 2 layers") {
            $0["llama.attention.head_count_kv"] = .i32s([2])
        },
        .gguf("a layer with negative heads", says: "not from 0") {
            $0["llama.attention.head_count"] = .i32s([4, -4])
        },
        .gguf("heads as real numbers", says: "not u32") { $0["llama.attention.head_count"] = .f32s([4, 4]) },
        .gguf("a key_length of 0", says: "not from 1") { $0["llama.attention.key_length"] = .u32(0) },
        .gguf("a feed_forward_length past any file", says: "not from 0") {
            $0["llama.feed_forward_length"] = .u32(.max)
        },
        .gguf("more experts used than there are", says: "uses 3 experts of 2") {
            $0["llama.expert_count"] = .u32(2)
            $0["llama.expert_used_count"] = .u32(3)
        },
        .gguf("experts used where there are none", says: "uses 1 experts of 0") {
            $0["llama.expert_used_count"] = .u32(1)
        },
        .gguf("experts of which none is used", says: "none is used") { $0["llama.expert_count"] = .u32(8) },
        .gguf("more experts than any model", says: "not from 0 to 4096") { $0["llama.expert_count"] = .u32(1 << 20) },
        .gguf("groups that don't divide the experts", says: "don't divide 8 experts") {
            $0["llama.expert_count"] = .u32(8)
            $0["llama.expert_used_count"] = .u32(2)
            $0["llama.expert_group_count"] = .u32(3)
        },
        .gguf("a chat template that is no text", says: "not string") { $0["tokenizer.chat_template"] = .u8(1) },
        .gguf("a further one that is no text", says: "not string") { $0["tokenizer.chat_template.tools"] = .u8(1) },
    ]

    static let layers: [HostileFile] = [
        .gguf("a tensor of a layer past the last", says: "past the last, 1") {
            $0.tensors[2].name = Array("blk.2.attn_q.weight".utf8)
        },
        .gguf("a tensor of layer 2^64", says: "has no layer's number") {
            $0.tensors[2].name = Array("blk.18446744073709551616.x".utf8)
        },
        .gguf("a layer written in two ways", says: "has no layer's number") {
            $0.tensors[2].name = Array("blk.01.attn_q.weight".utf8)
        },
        .gguf("a negative layer", says: "has no layer's number") { $0.tensors[2].name = Array("blk.-1.x".utf8) },
        .gguf("a layer without a name behind it", says: "has no layer's number") {
            $0.tensors[2].name = Array("blk.1".utf8)
        },
        .gguf("a layer without tensors", says: "layer 1 of 2") { $0.tensors.remove(at: 2) },
        .gguf("more layers than tensors", says: "layer 2 of 500") { $0["llama.block_count"] = .u32(500) },
    ]

    static let vocabulary: [HostileFile] = [
        .gguf("no tokens", says: "has no vocabulary") { $0["tokenizer.ggml.tokens"] = nil },
        .gguf("an empty vocabulary", says: "has 0 tokens") { $0["tokenizer.ggml.tokens"] = .strings([]) },
        .gguf("tokens that are numbers", says: "not [string]") {
            $0["tokenizer.ggml.tokens"] = .i32s([1, 2, 3, 4, 5])
        },
        .gguf("a token twice", says: "token 4, \"<s>\", is there twice") {
            $0["tokenizer.ggml.tokens"] = .strings(["<unk>", "<s>", "</s>", "<0x0A>", "<s>"].map { Array($0.utf8) })
        },
        .gguf("fewer scores than tokens", says: "4 elements for 5 tokens") {
            $0["tokenizer.ggml.scores"] = .f32s([0, 0, 0, 0])
        },
        .gguf("more scores than tokens", says: "6 elements for 5 tokens") {
            $0["tokenizer.ggml.scores"] = .f32s([0, 0, 0, 0, 0, 0])
        },
        .gguf("scores that are text", says: "not [f32]") { $0["tokenizer.ggml.scores"] = .strings([]) },
        .gguf("a score that is not a number", says: "is not a number") {
            $0["tokenizer.ggml.scores"] = .f32s([0, 0, .nan, 0, 0])
        },
        .gguf("fewer types than tokens", says: "1 elements for 5 tokens") {
            $0["tokenizer.ggml.token_type"] = .i32s([1])
        },
        .gguf("types of another type", says: "not [i32]") { $0["tokenizer.ggml.token_type"] = .u32s([1, 1, 1, 1, 1]) },
        .gguf("a type of 7", says: "is of type 7") { $0["tokenizer.ggml.token_type"] = .i32s([2, 3, 3, 6, 7]) },
        .gguf("a negative type", says: "is of type -1") { $0["tokenizer.ggml.token_type"] = .i32s([2, 3, 3, 6, -1]) },
        .gguf("a start that is no token", says: "\"tokenizer.ggml.bos_token_id\" is 5") {
            $0["tokenizer.ggml.bos_token_id"] = .u32(5)
        },
        .gguf("an end of 2^32 - 1", says: "not from 0 to 4") { $0["tokenizer.ggml.eot_token_id"] = .u32(.max) },
        .gguf("merges that are no texts", says: "not [string]") { $0["tokenizer.ggml.merges"] = .i32s([1]) },
        .gguf("another vocab_size", says: "the vocabulary has 5 tokens") { $0["llama.vocab_size"] = .u32(6) },
        .gguf("fewer embeddings than tokens", says: "is 32 × 4, and the vocabulary has") {
            $0.tensors[0] = .init("token_embd.weight", [32, 4], type: 8, size: 136)
        },
        .gguf("embeddings that are no table", says: "is 160, and the vocabulary has") {
            $0.tensors[0] = .init("token_embd.weight", [160], type: 8, size: 170)
        },
    ]

    static let byteTokens: [HostileFile] = [
        "<0xZZ>", "<0x>", "<0xA>", "<0x0a>", "<0x00A>", "<0x0A", "0x0A", "", "<0X0A>", "<0x+1>", "<0x 1>", "é",
    ].map { token in
        .gguf("the byte token \(token)", says: "the byte token 3") {
            $0["tokenizer.ggml.tokens"] = .strings(["a", "b", "c", token, "d"].map { Array($0.utf8) })
        }
    }

    static let split: [HostileFile] = [
        .gguf("a split without its count", says: "only some are there") { $0["split.no"] = .u16(0) },
        .gguf("a count of another type", says: "not u16") {
            $0.splitKeys(0, 2, 10)
            $0["split.count"] = .u32(2)
        },
        .gguf("a split past the last", says: "\"split.no\" is 2") { $0.splitKeys(2, 2, 10) },
        .gguf("a split of 0 files", says: "not from 1") { $0.splitKeys(0, 0, 10) },
        .gguf("fewer tensors in all than here", says: "together have 3") { $0.splitKeys(0, 2, 3) },
        .gguf("one file, other tensors", says: "together have 9") { $0.splitKeys(0, 1, 9) },
        .gguf("a negative number of tensors", says: "\"split.tensors.count\" is an element") { $0.splitKeys(0, 2, -1) },
        .gguf("a later file without tensors", says: "has no tensors") {
            $0.splitKeys(1, 2, 9)
            $0.tensors = []
        },
    ]

    /// Files that look unusual but are valid.
    static let odd: [HostileFile] = [
        .gguf("no attention", says: "") {
            $0["llama.attention.head_count"] = .u32(0)
            $0["llama.attention.head_count_kv"] = nil
            $0["llama.ssm.conv_kernel"] = .u32(4)
        },
        .gguf("layers with and without attention", says: "") {
            $0["llama.attention.head_count_kv"] = .i32s([0, 2])
        },
        .gguf("heads of a length of their own", says: "") {
            $0["llama.attention.head_count"] = .u32(6)
            $0["llama.attention.key_length"] = .u32(16)
        },
        .gguf("a layer that pruning left empty", says: "") {
            $0["llama.attention.head_count"] = .u32s([4, 0])
            $0["llama.attention.head_count_kv"] = .u32s([2, 0])
            $0["llama.feed_forward_length"] = .u32s([64, 0])
            $0.tensors.remove(at: 2)
        },
        .gguf("a layer that guesses ahead, left out", says: "") {
            $0["llama.nextn_predict_layers"] = .u32(1)
            $0.tensors.remove(at: 2)
        },
        .gguf("experts in some layers", says: "") {
            $0["llama.expert_count"] = .u32(8)
            $0["llama.expert_used_count"] = .u32s([0, 2])
        },
        .gguf("tokens that Swift takes for one", says: "") {
            $0["tokenizer.ggml.tokens"] = .strings(
                ["e\u{301}", "\u{E9}", "", "<0xFF>", "\0"].map { Array($0.utf8) })
        },
        .gguf("two tokens without a text", says: "") {
            $0["tokenizer.ggml.tokens"] = .strings([[], [], [0x61], Array("<0x00>".utf8), [0x62]])
        },
        .gguf("no vocabulary, and said so", says: "") {
            $0["tokenizer.ggml.tokens"] = nil
            $0["tokenizer.ggml.model"] = .string("none")
        },
        .gguf("an encoder and a decoder", says: "") {
            $0.tensors[1].name = Array("enc.blk.0.x".utf8)
            $0.tensors[2].name = Array("enc.blk.1.x".utf8)
            $0.tensors.append(.init("dec.blk.7.x", [1]))
        },
        .gguf("the first of a split", says: "") {
            $0.splitKeys(0, 2, 9)
            $0.tensors.removeLast(2)
        },
        .gguf("the first of a split, without tensors", says: "") {
            $0.splitKeys(0, 2, 9)
            $0.tensors = []
        },
    ]
}
