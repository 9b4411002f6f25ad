// Huffman codes of the usual JPEG (sequential, one scan), decoded in place of libjpeg's own decoder of them: more than half of a photo's time goes there. All else of a JPEG stays libjpeg's work.
#pragma once
#ifdef TUTTI_JPEG
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include <jpeglib.h>

class EntropyDecoder {
public:
    // Called, and never returned from, where the data is not what this decoder reads: damaged, or merely unusual. libjpeg then decodes the picture from its beginning, and says what is wrong.
    using GiveUp = void (*)(j_decompress_ptr);

    // After jpeg_start_decompress, before the first row is read. False, with nothing changed, where the scan is none for this decoder. `reader.client_data` must point to this object while rows are read.
    bool take(jpeg_decompress_struct& reader, GiveUp give_up);

private:
    static constexpr int components = 4, lookup_bits = 10;
    // A coefficient's bits; what a photo of 8 bits has is no longer than 11, and two symbols then fit into what one filling of the buffer brings.
    static constexpr int most_size = 12;
    // The bytes of the longest unit: ten blocks of 64 symbols of 16 + 12 bits.
    static constexpr ptrdiff_t most_bytes = 10 * (64 * (16 + most_size) / 8) + 16;
    // A unit that begins up to 8 bytes behind the end may read so far.
    static constexpr ptrdiff_t zeros = most_bytes + 16;
    static constexpr ptrdiff_t chunk = 1 << 14;

    // What the next bits say. Bits 0 to 5: how many bits code and coefficient take; 8 to 12: the code alone; 16 to 19: the coefficient; 20 up: how many coefficients further. Zero: no code that is short enough.
    using Symbol = uint32_t;

    struct Table {
        Symbol symbols[1 << lookup_bits];
        int32_t most[17], offset[17];                           // by length: the last code, and what leads from a code to its place in `values`
        uint8_t values[256];
        bool dc;
        bool build(const JHUFF_TBL* from, bool dc);
        Symbol search(uint64_t bits) const;
        static Symbol symbol(int length, int value, bool dc);
    };

    // What the next bits say, at once: the first coefficient where the bits that are looked at hold all of it and the next code, and the one behind that code; else zero, and the first coefficient.
    // A coefficient of no bits is a zero where none has been written yet. `code` 0: the first code is longer than the bits that are looked at.
    struct Pair {
        int16_t value;                                          // the first coefficient
        uint8_t place, place2;                                  // how many coefficients further the two stand
        uint8_t code, size;                                     // where the second's bits begin, and how many they are
        uint8_t bits, advance;                                  // of both, with their coefficients; past the last one at the end of a block
    };
    struct Pairs {
        Pair entries[1 << lookup_bits];
        void build(const Table& table);
    };

    static boolean decode(j_decompress_ptr reader, JBLOCKROW* blocks);
    bool unit(const jpeg_decompress_struct& reader, JBLOCKROW* blocks);
    bool restart();
    void fill();

    GiveUp give_up;
    Table dc[components], ac[components];
    Pairs pairs[components];
    const uint8_t *source, *source_end;                         // what is not in the room yet; at a marker: its first byte
    const uint8_t *next, *end;                                  // within the room
    uint64_t buffer;                                            // the next bits, from the top; below `bits` of them stand some of the byte at `next`
    int bits;
    int last[components];                                       // DC of the block before
    bool marked;                                                // the source is at a marker or at its end
    unsigned interval, until_restart, restarts;
    int64_t units;                                              // still to come
    uint8_t room[most_bytes + chunk + zeros];                   // data without stuffing, then zeros
};
#endif
