#include "entropy.h"

#ifdef TUTTI_JPEG
#include <cstring>

// libjpeg-turbo's own header for what stands between its modules: the decoder of codes is one of them. Other libjpegs decode as they do.
#if defined(LIBJPEG_TURBO_VERSION) && __has_include(<jpegint.h>) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
extern "C" {
#include <jpegint.h>
}

namespace {

// Row by row, where the k-th coefficient of a file stands; past the end for runs that a damaged file lets go too far.
constexpr uint8_t natural[64 + 16] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36,
    29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
};

constexpr int end_of_block = 64, most_dc = 1 << 24;

// The first bits of a word as a coefficient of that many bits: those that begin with 0 are negative (ITU T.81, F.2.2.1).
inline int coefficient(uint64_t word, int size) {
    const auto value = static_cast<int>((word >> 1) >> (63 - size));
    const auto negative = static_cast<int>(static_cast<int64_t>(~word) >> 63);
    return value + (negative & static_cast<int>((~0u << size) + 1));
}

// 56 bits or more, without a branch: bits of the byte that does not fit whole are read again with the next one.
inline void refill(const uint8_t*& next, uint64_t& buffer, int& bits) {
    uint64_t word;
    std::memcpy(&word, next, sizeof word);
    buffer |= __builtin_bswap64(word) >> bits;
    next += (63 - bits) >> 3;
    bits |= 56;
}

}  // namespace

EntropyDecoder::Symbol EntropyDecoder::Table::symbol(int length, int value, bool dc) {
    const int size = dc ? value : value & 15, run = dc ? 0 : value >> 4;
    const int advance = dc ? 0 : size == 0 && run != 15 ? end_of_block : run + 1;
    return static_cast<Symbol>(length + size) | static_cast<Symbol>(length) << 8 | static_cast<Symbol>(size) << 16 | static_cast<Symbol>(advance) << 20;
}

// Codes in order of their lengths, each one more than the one before (ITU T.81, annex C).
bool EntropyDecoder::Table::build(const JHUFF_TBL* from, bool is_dc) {
    if (from == nullptr) return false;
    dc = is_dc;
    std::memcpy(values, from->huffval, sizeof values);
    std::memset(symbols, 0, sizeof symbols);
    int code = 0, place = 0;
    for (int length = 1; length <= 16; length++, code <<= 1) {
        const int count = from->bits[length];
        if (place + count > 256 || code + count > 1 << length) return false;
        offset[length] = place - code;
        for (int i = 0; i < count; i++, code++, place++) {
            const int value = values[place];
            if ((dc ? value : value & 15) > most_size) return false;
            if (length > lookup_bits) continue;
            const auto entry = symbol(length, value, dc);
            const int spread = lookup_bits - length;
            for (int j = 0; j < 1 << spread; j++) symbols[(code << spread) + j] = entry;
        }
        most[length] = count > 0 ? code - 1 : -1;
    }
    return true;
}

// A code longer than the table's, or 0 where there is none.
EntropyDecoder::Symbol EntropyDecoder::Table::search(uint64_t bits) const {
    for (int length = lookup_bits + 1; length <= 16; length++) {
        const auto code = static_cast<int>(bits >> (64 - length));
        if (code <= most[length]) return symbol(length, values[(code + offset[length]) & 255], dc);
    }
    return 0;
}

// From the single codes: the second is what the table says of the bits behind the first.
void EntropyDecoder::Pairs::build(const Table& table) {
    // The end of a block writes a zero to the next place, which has none yet.
    const auto place = [](int advance) { return static_cast<uint8_t>(advance == end_of_block ? 1 : advance); };
    for (int i = 0; i < 1 << lookup_bits; i++) {
        auto& pair = entries[i];
        const auto first = table.symbols[i];
        const int code = first >> 8 & 31, size = first >> 16 & 15, used = first & 63, advance = static_cast<int>(first >> 20);
        pair = {0, place(advance), place(advance), static_cast<uint8_t>(code), static_cast<uint8_t>(size), static_cast<uint8_t>(used), static_cast<uint8_t>(advance)};
        if (first == 0 || advance == end_of_block || used >= lookup_bits) continue;
        const auto second = table.symbols[i << used & ((1 << lookup_bits) - 1)];
        const int code2 = second >> 8 & 31, advance2 = static_cast<int>(second >> 20);
        if (second == 0 || used + code2 > lookup_bits) continue;
        pair.value = static_cast<int16_t>(coefficient(static_cast<uint64_t>(i) << (64 - lookup_bits + code), size));
        pair.place2 = static_cast<uint8_t>(advance + place(advance2));
        pair.code = static_cast<uint8_t>(used + code2);
        pair.size = static_cast<uint8_t>(second >> 16 & 15);
        pair.bits = static_cast<uint8_t>(used + (second & 63));
        pair.advance = static_cast<uint8_t>(advance + advance2);
    }
}

bool EntropyDecoder::take(jpeg_decompress_struct& reader, GiveUp when_given_up) {
    // Lossless scans, which newer versions know, have another Se.
    if (reader.progressive_mode || reader.arith_code || reader.comps_in_scan != reader.num_components || reader.Ss != 0 || reader.Se != 63 || reader.Ah != 0 || reader.Al != 0) return false;
    if (reader.data_precision != 8 || reader.unread_marker != 0 || reader.blocks_in_MCU > 10) return false;
    // Two components of a photo share their tables: each is built once.
    bool built_dc[components] = {}, built_ac[components] = {};
    for (int i = 0; i < reader.comps_in_scan; i++) {
        const auto* component = reader.cur_comp_info[i];
        const int d = component->dc_tbl_no, a = component->ac_tbl_no;
        if (d < 0 || d >= components || a < 0 || a >= components) return false;
        if (!built_dc[d] && !dc[d].build(reader.dc_huff_tbl_ptrs[d], true)) return false;
        if (!built_ac[a] && !ac[a].build(reader.ac_huff_tbl_ptrs[a], false)) return false;
        if (!built_ac[a]) pairs[a].build(ac[a]);
        built_dc[d] = built_ac[a] = true;
    }
    give_up = when_given_up;
    source = reader.src->next_input_byte;
    source_end = source + reader.src->bytes_in_buffer;
    next = end = room;
    buffer = 0;
    bits = 0;
    marked = false;
    std::memset(last, 0, sizeof last);
    interval = until_restart = reader.restart_interval;
    restarts = 0;
    units = static_cast<int64_t>(reader.MCUs_per_row) * reader.MCU_rows_in_scan;
    reader.entropy->decode_mcu = decode;
    return true;
}

boolean EntropyDecoder::decode(j_decompress_ptr reader, JBLOCKROW* blocks) {
    auto& self = *static_cast<EntropyDecoder*>(reader->client_data);
    if (blocks == nullptr || self.units <= 0 || !self.unit(*reader, blocks)) self.give_up(reader);
    if (--self.units == 0) {
        reader->src->next_input_byte = self.source;
        reader->src->bytes_in_buffer = static_cast<size_t>(self.source_end - self.source);
    }
    return TRUE;
}

// One unit: the blocks of all components at one place. False where it is damaged or unusual.
bool EntropyDecoder::unit(const jpeg_decompress_struct& reader, JBLOCKROW* blocks) {
    if (interval != 0) {
        if (until_restart == 0 && !restart()) return false;
        until_restart--;
    }
    if (!marked && end - next < most_bytes) fill();
    // In registers while a unit is decoded: coefficients could otherwise, as far as the compiler knows, be written over them.
    const auto* at = next;
    auto word = buffer;
    auto left = bits;
    for (int b = 0; b < reader.blocks_in_MCU; b++) {
        auto* block = *blocks[b];
        const int which = reader.MCU_membership[b];
        const auto& first = dc[reader.cur_comp_info[which]->dc_tbl_no];
        const auto& others = ac[reader.cur_comp_info[which]->ac_tbl_no];
        const auto* both = pairs[reader.cur_comp_info[which]->ac_tbl_no].entries;
        refill(at, word, left);
        {
            auto symbol = first.symbols[word >> (64 - lookup_bits)];
            if (symbol == 0 && (symbol = first.search(word)) == 0) return false;
            last[which] += coefficient(word << (symbol >> 8 & 31), symbol >> 16 & 15);
            if (last[which] > most_dc || last[which] < -most_dc) return false;
            word <<= symbol & 63;
            left -= static_cast<int>(symbol & 63);
            block[0] = static_cast<JCOEF>(last[which]);
        }
        int k = 0;
        bool sound = true;
        // False at the end of the block, and where there is no such code.
        const auto step = [&]() __attribute__((always_inline)) {
            const auto& pair = both[word >> (64 - lookup_bits)];
            if (__builtin_expect(pair.code == 0 || k + pair.place >= 63, 0)) {
                // One alone: its code is a long one, or it may be the block's last.
                auto symbol = others.symbols[word >> (64 - lookup_bits)];
                if (symbol == 0 && (symbol = others.search(word)) == 0) return sound = false;
                const int size = symbol >> 16 & 15;
                k += static_cast<int>(symbol >> 20);
                if (size != 0) block[natural[k]] = static_cast<JCOEF>(coefficient(word << (symbol >> 8 & 31), size));
                word <<= symbol & 63;
                left -= static_cast<int>(symbol & 63);
                return k < 63;
            }
            block[natural[k + pair.place]] = pair.value;
            block[natural[k + pair.place2]] = static_cast<JCOEF>(coefficient(word << pair.code, pair.size));
            k += pair.advance;
            word <<= pair.bits;
            left -= pair.bits;
            return k < 63;
        };
        do refill(at, word, left);
        while (step() && step());
        if (!sound) return false;
    }
    // libjpeg goes on with zeros where the data ends too early.
    if (at > end && (at - end) * 8 > left) return false;
    next = at;
    buffer = word;
    bits = left;
    return true;
}

// To what follows the next restart marker, which must be the expected one, right behind the last code.
bool EntropyDecoder::restart() {
    if (!marked) fill();
    const auto unread = (end - next) * 8 + bits;
    if (!marked || unread < 0 || unread >= 8 || source_end - source < 2 || source[1] != 0xD0 + (restarts & 7)) return false;
    restarts++;
    source += 2;
    next = end = room;
    buffer = 0;
    bits = 0;
    marked = false;
    std::memset(last, 0, sizeof last);
    until_restart = interval;
    return true;
}

// More data into the room, each FF 00 as FF, up to a marker; zeros behind it, as many as the longest unit may read.
void EntropyDecoder::fill() {
    const auto kept = end - next;                               // until the source is at a marker, a unit ends before the room does
    std::memmove(room, next, static_cast<size_t>(kept));
    next = room;
    auto* to = room + kept;
    auto* const full = room + most_bytes + chunk;
    while (to < full && !marked) {
        const auto most = full - to < source_end - source ? full - to : source_end - source;
        const auto* stop = most > 0 ? static_cast<const uint8_t*>(std::memchr(source, 0xFF, static_cast<size_t>(most))) : nullptr;
        const auto plain = stop != nullptr ? stop - source : most;
        if (plain > 0) std::memcpy(to, source, static_cast<size_t>(plain));
        to += plain;
        source += plain;
        if (source == source_end) marked = true;
        if (stop == nullptr) continue;
        if (source_end - source >= 2 && source[1] == 0) {
            *to++ = 0xFF;
            source += 2;
        } else {
            marked = true;
        }
    }
    end = to;
    std::memset(to, 0, zeros);
}

#else
bool EntropyDecoder::take(jpeg_decompress_struct&, GiveUp) { return false; }
#endif
#endif
