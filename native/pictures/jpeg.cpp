#include "jpeg.h"

#include "entropy.h"

#ifdef TUTTI_JPEG
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include <jpeglib.h>
#include <jerror.h>

namespace {

// More passes than any encoder makes: each costs as much as the whole picture, and a small file could hold very many.
constexpr int most_scans = 100;

struct Failure {
    jpeg_error_mgr manager;
    jmp_buf back;
    bool gave_up;                                               // the quick decoder did: the picture is to be decoded by libjpeg alone
    char text[JMSG_LENGTH_MAX];
};

Failure* failure_of(j_common_ptr common) { return reinterpret_cast<Failure*>(common->err); }

[[noreturn]] void leave(j_common_ptr common) {
    auto* failure = failure_of(common);
    failure->manager.format_message(common, failure->text);
    longjmp(failure->back, 1);
}

// A file that ends early is no picture; other warnings are of faults that every reader of photos forgives.
void heard(j_common_ptr common, int level) {
    if (level < 0 && common->err->msg_code == JWRN_JPEG_EOF) leave(common);
}

void said(j_common_ptr) {}

[[noreturn]] void give_up(j_decompress_ptr reader) {
    auto* failure = failure_of(reinterpret_cast<j_common_ptr>(reader));
    failure->gave_up = true;
    longjmp(failure->back, 1);
}

void watch(j_common_ptr common) {
    auto* reader = reinterpret_cast<j_decompress_ptr>(common);
    if (!common->is_decompressor || reader->input_scan_number <= most_scans) return;
    auto* failure = failure_of(common);
    std::snprintf(failure->text, sizeof failure->text, "more than %d scans", most_scans);
    longjmp(failure->back, 1);
}

unsigned number(const uint8_t* at, int bytes, bool big) {
    unsigned value = 0;
    for (int i = 0; i < bytes; i++) value |= static_cast<unsigned>(at[i]) << (8 * (big ? bytes - 1 - i : i));
    return value;
}

// Tag 0x0112 of the first directory of the EXIF data, or 1.
int orientation_of(const uint8_t* data, unsigned length) {
    if (length < 14 || std::memcmp(data, "Exif\0\0", 6) != 0) return 1;
    const auto* tiff = data + 6;
    const unsigned room = length - 6;
    const bool big = tiff[0] == 'M';
    if (!(big && tiff[1] == 'M') && !(tiff[0] == 'I' && tiff[1] == 'I')) return 1;
    const unsigned directory = number(tiff + 4, 4, big);
    if (directory > room - 2 || room < 10) return 1;
    const unsigned entries = number(tiff + directory, 2, big);
    for (unsigned i = 0; i < entries; i++) {
        const auto at = static_cast<uint64_t>(directory) + 2 + 12 * static_cast<uint64_t>(i);
        if (at + 12 > room) return 1;
        if (number(tiff + at, 2, big) != 0x0112) continue;
        const unsigned value = number(tiff + at + 8, 2, big);
        return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
}

}  // namespace

struct JpegPicture::State {
    jpeg_decompress_struct reader = {};
    Failure failure = {};
    jpeg_progress_mgr progress = {};
    const uint8_t* bytes = nullptr;
    int64_t length = 0;
    int by = 1;
    bool quickly = true;
    EntropyDecoder entropy;
};

JpegPicture::JpegPicture() : state(new State) {
    auto& reader = state->reader;
    reader.err = jpeg_std_error(&state->failure.manager);
    reader.err->error_exit = leave;
    reader.err->emit_message = heard;
    reader.err->output_message = said;
}

JpegPicture::~JpegPicture() { jpeg_destroy_decompress(&state->reader); }

// Between setjmp and the last call of libjpeg stands nothing that would have to be destroyed.
static bool read_header(JpegPicture::State* state) {
    if (setjmp(state->failure.back) != 0) return false;
    jpeg_create_decompress(&state->reader);
    state->progress.progress_monitor = watch;
    state->reader.progress = &state->progress;
    jpeg_save_markers(&state->reader, JPEG_APP0 + 1, 0xFFFF);
    jpeg_save_markers(&state->reader, JPEG_APP0 + 2, 0xFFFF);
    jpeg_mem_src(&state->reader, const_cast<uint8_t*>(state->bytes), static_cast<unsigned long>(state->length));
    jpeg_read_header(&state->reader, TRUE);
    return true;
}

std::unique_ptr<JpegPicture> JpegPicture::open(const uint8_t* bytes, int64_t length, int flags, PictureHeader* header, std::string& error) {
    auto picture = std::make_unique<JpegPicture>();
    auto* state = picture->state.get();
    state->bytes = bytes;
    state->length = length;
    state->quickly = (flags & LibjpegAlone) == 0;
    if (!read_header(state)) {
        error = state->failure.text;
        return nullptr;
    }
    auto& reader = state->reader;
    if (reader.num_components != 1 && reader.num_components != 3) return nullptr;
    int orientation = 1, profile = 0;
    bool exif = false;
    for (auto* marker = reader.marker_list; marker != nullptr; marker = marker->next) {
        if (marker->marker == JPEG_APP0 + 1 && !exif && marker->data_length >= 6 && std::memcmp(marker->data, "Exif\0\0", 6) == 0) {
            exif = true;
            orientation = orientation_of(marker->data, marker->data_length);
        }
        if (marker->marker == JPEG_APP0 + 2 && marker->data_length > 14 && std::memcmp(marker->data, "ICC_PROFILE", 12) == 0 && profile == 0)
            profile = (flags & Profiles) == 0 || is_srgb_profile(marker->data + 14, marker->data_length - 14) ? 3 : 1;
    }
    if (profile == 1) return nullptr;
    auto width = static_cast<int>(reader.image_width), height = static_cast<int>(reader.image_height);
    *header = {width, height, orientation, width, height, reader.num_components, profile, 8};
    return picture;
}

static bool set_scale(JpegPicture::State* state) {
    if (setjmp(state->failure.back) != 0) return false;
    state->reader.scale_num = 1;
    state->reader.scale_denom = static_cast<unsigned>(state->by);
    state->reader.out_color_space = JCS_RGB;
    jpeg_calc_output_dimensions(&state->reader);
    return true;
}

bool JpegPicture::shrink(int by, PictureHeader* header, std::string& error) {
    state->by = by;
    if (!set_scale(state.get())) {
        error = state->failure.text;
        return false;
    }
    header->shrunk_width = static_cast<int>(state->reader.output_width);
    header->shrunk_height = static_cast<int>(state->reader.output_height);
    return true;
}

static bool read_rows(JpegPicture::State* state, uint8_t* pixels, bool quickly) {
    if (setjmp(state->failure.back) != 0) return false;
    auto& reader = state->reader;
    jpeg_start_decompress(&reader);
    reader.client_data = &state->entropy;
    if (quickly) state->entropy.take(reader, give_up);
    const auto stride = static_cast<size_t>(reader.output_width) * 3;
    while (reader.output_scanline < reader.output_height) {
        JSAMPROW rows[8];
        unsigned count = 0;
        for (; count < 8 && reader.output_scanline + count < reader.output_height; count++) rows[count] = pixels + stride * (reader.output_scanline + count);
        jpeg_read_scanlines(&reader, rows, count);
    }
    jpeg_finish_decompress(&reader);
    return true;
}

bool JpegPicture::read(uint8_t* pixels, int64_t capacity, std::string& error) {
    if (capacity != static_cast<int64_t>(state->reader.output_width) * state->reader.output_height * 3) {
        error = "the room for the pixels has another size";
        return false;
    }
    state->failure.gave_up = false;
    if (read_rows(state.get(), pixels, state->quickly)) return true;
    if (state->failure.gave_up) {
        jpeg_destroy_decompress(&state->reader);
        if (read_header(state.get()) && set_scale(state.get()) && read_rows(state.get(), pixels, false)) return true;
    }
    error = state->failure.text;
    return false;
}

#else

struct JpegPicture::State {};
JpegPicture::JpegPicture() {}
JpegPicture::~JpegPicture() {}
std::unique_ptr<JpegPicture> JpegPicture::open(const uint8_t*, int64_t, int, PictureHeader*, std::string&) { return nullptr; }
bool JpegPicture::shrink(int, PictureHeader*, std::string&) { return false; }
bool JpegPicture::read(uint8_t*, int64_t, std::string&) { return false; }

#endif
