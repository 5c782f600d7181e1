// zlib's inflate, whose entry points are macros that Swift can't call.

#ifndef CINFLATE_H
#define CINFLATE_H

#include <stddef.h>
#include <stdint.h>

/// A stream that is being inflated.
typedef struct cinflate cinflate;

/// One step's outcome.
enum {
    /// Go on: with more input, or with more room for output.
    cinflate_more = 0,
    /// The compressed text has ended.
    cinflate_end = 1,
    /// It is no gzip or zlib text.
    cinflate_broken = -1
};

/// A new stream that takes gzip (RFC 1952) and zlib (RFC 1950), told by the
/// first bytes; NULL where there is no memory.
cinflate *cinflate_make(void);
void cinflate_free(cinflate *stream);

/// Inflates what fits. `*taken` and `*made` get the bytes that were used of
/// the input, and written to the output.
int cinflate_step(cinflate *stream, const uint8_t *input, size_t input_count, uint8_t *output, size_t output_count,
                  size_t *taken, size_t *made);

#endif
