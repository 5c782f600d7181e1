#include "CInflate.h"

#include <stdlib.h>
#include <zlib.h>

struct cinflate {
    z_stream zlib;
};

cinflate *cinflate_make(void) {
    cinflate *stream = calloc(1, sizeof *stream);
    if (stream == NULL) return NULL;
    // 15 bits of window, and 32 for either header.
    if (inflateInit2(&stream->zlib, 15 + 32) != Z_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

void cinflate_free(cinflate *stream) {
    if (stream == NULL) return;
    inflateEnd(&stream->zlib);
    free(stream);
}

int cinflate_step(cinflate *stream, const uint8_t *input, size_t input_count, uint8_t *output, size_t output_count,
                  size_t *taken, size_t *made) {
    z_stream *zlib = &stream->zlib;
    zlib->next_in = (Bytef *)input;
    zlib->avail_in = (uInt)input_count;
    zlib->next_out = output;
    zlib->avail_out = (uInt)output_count;
    int code = inflate(zlib, Z_SYNC_FLUSH);
    *taken = input_count - zlib->avail_in;
    *made = output_count - zlib->avail_out;
    if (code == Z_STREAM_END) return cinflate_end;
    return code == Z_OK || code == Z_BUF_ERROR ? cinflate_more : cinflate_broken;
}
