#include "pictures.h"

#include "jpeg.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <vips/vips.h>

// libvips is a C library with reference counts; nothing here throws but std::string, so only `guard` catches.

namespace {

thread_local std::string last_error;

struct Unref {
    void operator()(void* object) const { g_object_unref(object); }
};
using Image = std::unique_ptr<VipsImage, Unref>;

int fail(const char* what) {
    last_error = what;
    return 1;
}

// The text of libvips' failure: its first line says what, the rest who called.
int vips_failed() {
    last_error = vips_error_buffer();
    vips_error_clear();
    if (last_error.empty()) last_error = "the decoder failed and did not say why";
    return 1;
}

template <typename Body> int guard(Body body) {
    try {
        return body();
    } catch (const std::bad_alloc&) {
        return fail("not enough memory");
    } catch (...) {
        return fail("an unexpected failure");
    }
}

// An open picture: the caller keeps the bytes alive until it is closed.
struct Opened {
    const uint8_t* bytes;
    int64_t length;
    Format format;
    int flags;
    Image image;
    std::unique_ptr<JpegPicture> jpeg;    // instead of the image
};

void quiet(const char*, GLogLevelFlags, const char*, void*) {}

// Loads by the one loader of this format: what a file is was decided by its first bytes, and no other code of libvips sees them.
VipsImage* load(const Opened& opened, int shrink) {
    VipsImage* image = nullptr;
    auto* bytes = const_cast<uint8_t*>(opened.bytes);
    auto length = static_cast<size_t>(opened.length);
    int status = -1;
    switch (opened.format) {
        case Jpeg: status = vips_jpegload_buffer(bytes, length, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, "shrink", shrink, nullptr); break;
        case Png: status = vips_pngload_buffer(bytes, length, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, nullptr); break;
        case Webp: status = vips_webpload_buffer(bytes, length, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, "n", 1, "scale", 1.0 / shrink, nullptr); break;
        case Gif: status = vips_gifload_buffer(bytes, length, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, "n", 1, nullptr); break;
        case Tiff: status = vips_tiffload_buffer(bytes, length, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, nullptr); break;
    }
    return status == 0 ? image : nullptr;
}

int orientation_of(VipsImage* image) {
    int value = 1;
    if (vips_image_get_typeof(image, VIPS_META_ORIENTATION) != 0 && vips_image_get_int(image, VIPS_META_ORIENTATION, &value) != 0) value = 1;
    return value >= 1 && value <= 8 ? value : 1;
}

bool is_srgb(VipsImage* image) {
    const void* data = nullptr;
    size_t length = 0;
    return vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, &length) == 0 && is_srgb_profile(data, length);
}

void put(Image& image, VipsImage* next) { image.reset(next); }

// Colours by the embedded profile, where there is one that can be used; a broken one is no reason to refuse a picture.
int apply_profile(Image& image, int flags) {
    if (vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) == 0) return 0;
    if ((flags & Profiles) == 0 || is_srgb(image.get())) return 3;
    VipsImage* next = nullptr;
    if (vips_icc_transform(image.get(), &next, "srgb", "embedded", TRUE, "intent", VIPS_INTENT_RELATIVE, "depth", 8, nullptr) != 0) {
        vips_error_clear();
        return 2;
    }
    put(image, next);
    return 1;
}

// Inks without a profile, by the rule that other readers of pictures have: what neither ink nor black covers.
int cmyk_to_rgb(Image& image) {
    VipsImage* parts[6] = {};
    double minus[4] = {-1, -1, -1, -1}, full[4] = {255, 255, 255, 255};
    auto status = vips_linear(image.get(), &parts[0], minus, full, 4, nullptr) != 0
        || vips_extract_band(parts[0], &parts[1], 0, "n", 3, nullptr) != 0
        || vips_extract_band(parts[0], &parts[2], 3, nullptr) != 0
        || vips_multiply(parts[1], parts[2], &parts[3], nullptr) != 0
        || vips_linear1(parts[3], &parts[4], 1 / 255.0, 0.5, "uchar", TRUE, nullptr) != 0
        || vips_copy(parts[4], &parts[5], "interpretation", VIPS_INTERPRETATION_sRGB, nullptr) != 0;
    for (int i = 0; i < 5; i++)
        if (parts[i] != nullptr) g_object_unref(parts[i]);
    if (status) {
        if (parts[5] != nullptr) g_object_unref(parts[5]);
        return 1;
    }
    put(image, parts[5]);
    return 0;
}

int drop_alpha(Image& image, int flags) {
    if (!vips_image_hasalpha(image.get())) return 0;
    VipsImage* next = nullptr;
    if ((flags & OnWhite) != 0) {
        double top = image->BandFmt == VIPS_FORMAT_USHORT ? 65535 : 255;
        auto* white = vips_array_double_newv(1, top);
        auto status = vips_flatten(image.get(), &next, "background", white, "max_alpha", top, nullptr);
        vips_area_unref(VIPS_AREA(white));
        if (status != 0) return 1;
    } else if (vips_extract_band(image.get(), &next, 0, "n", image->Bands - 1, nullptr) != 0) {
        return 1;
    }
    put(image, next);
    return 0;
}

// Three bands of bytes, sRGB.
int to_rgb(Image& image, int flags, int* profile) {
    VipsImage* next = nullptr;
    if (image->Coding != VIPS_CODING_NONE) return fail("the pixels are packed in a way that is not read");
    if (drop_alpha(image, flags) != 0) return vips_failed();
    *profile = apply_profile(image, flags);
    if (image->Type == VIPS_INTERPRETATION_CMYK && image->Bands >= 4 && image->BandFmt == VIPS_FORMAT_UCHAR) {
        if (image->Bands > 4) return fail("more than four inks are not read");
        if (cmyk_to_rgb(image) != 0) return vips_failed();
    }
    if (image->Type != VIPS_INTERPRETATION_sRGB) {
        if (vips_colourspace(image.get(), &next, VIPS_INTERPRETATION_sRGB, nullptr) != 0) return vips_failed();
        put(image, next);
    }
    if (image->BandFmt != VIPS_FORMAT_UCHAR) {
        if (vips_cast_uchar(image.get(), &next, nullptr) != 0) return vips_failed();
        put(image, next);
    }
    if (image->Bands == 1 || image->Bands == 2) {
        VipsImage *grey = nullptr, *three[3];
        if (vips_extract_band(image.get(), &grey, 0, nullptr) != 0) return vips_failed();
        Image kept(grey);
        three[0] = three[1] = three[2] = grey;
        if (vips_bandjoin(three, &next, 3, nullptr) != 0) return vips_failed();
        put(image, next);
    } else if (image->Bands > 3) {
        if (vips_extract_band(image.get(), &next, 0, "n", 3, nullptr) != 0) return vips_failed();
        put(image, next);
    }
    return image->Bands == 3 && image->BandFmt == VIPS_FORMAT_UCHAR ? 0 : fail("the pixels have no colours that can be read");
}

int bits_of(VipsBandFormat format) { return static_cast<int>(8 * vips_format_sizeof(format)); }

}  // namespace

bool is_srgb_profile(const void* data, size_t length) {
    std::string plain;
    for (size_t i = 0; i < length && i < 4096; i++)
        if (auto c = static_cast<const char*>(data)[i]; c != 0) plain += c;        // the description may be UTF-16
    return plain.find("sRGB") != std::string::npos;
}

TUTTI_EXPORT const char* tutti_pictures_error() { return last_error.c_str(); }

TUTTI_EXPORT const char* tutti_pictures_version() { return vips_version_string(); }

// Once per process. No loader of libvips may run but the five above: the others were not made for files of strangers.
TUTTI_EXPORT int tutti_pictures_start() {
    static std::once_flag once;
    static int status = 0;
    std::call_once(once, [] {
        // Modules (PDF, SVG, ImageMagick, ...) lie below the prefix, which is not looked at where this says otherwise: they would only cost time.
        auto* home = std::getenv("VIPSHOME");
        if (home == nullptr) setenv("VIPSHOME", "/nonexistent", 1);
        status = vips_init("tutti");
        if (home == nullptr) unsetenv("VIPSHOME");
        if (status != 0) return;
        vips_concurrency_set(1);                             // pictures are decoded beside each other, on threads of ours
        vips_cache_set_max(0);
        vips_block_untrusted_set(TRUE);
        vips_operation_block_set("VipsForeignLoad", TRUE);
        for (auto* name : {"VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadWebp", "VipsForeignLoadNsgif", "VipsForeignLoadTiff"})
            vips_operation_block_set(name, FALSE);
        g_log_set_handler("VIPS", static_cast<GLogLevelFlags>(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_INFO | G_LOG_LEVEL_MESSAGE), quiet, nullptr);
    });
    return status == 0 ? 0 : vips_failed();
}

// Reads the header only. The bytes stay the caller's and must not move until the picture is closed.
TUTTI_EXPORT int tutti_picture_open(const uint8_t* bytes, int64_t length, int format, int flags, PictureHeader* header, void** picture) {
    return guard([&] {
        auto opened = std::make_unique<Opened>(Opened{bytes, length, static_cast<Format>(format), flags, nullptr, nullptr});
        if (format == Jpeg) {
            std::string error;
            opened->jpeg = JpegPicture::open(bytes, length, flags, header, error);
            if (!error.empty()) return fail(error.c_str());
            if (opened->jpeg) {
                *picture = opened.release();
                return 0;
            }
        }
        opened->image.reset(load(*opened, 1));
        if (!opened->image) return vips_failed();
        auto* image = opened->image.get();
        *header = {image->Xsize, image->Ysize, orientation_of(image), image->Xsize, image->Ysize, image->Bands, 0, bits_of(image->BandFmt)};
        *picture = opened.release();
        return 0;
    });
}

// Chooses the size on loading and builds the way to RGB; shrink is 1, 2, 4 or 8, and other than 1 for JPEG and WebP only.
TUTTI_EXPORT int tutti_picture_shrink(void* picture, int shrink, PictureHeader* header) {
    return guard([&] {
        auto* opened = static_cast<Opened*>(picture);
        std::string error;
        if (opened->jpeg) return opened->jpeg->shrink(shrink, header, error) ? 0 : fail(error.c_str());
        if (shrink != 1) {
            opened->image.reset(load(*opened, shrink));
            if (!opened->image) return vips_failed();
        }
        int profile = 0;
        if (auto status = to_rgb(opened->image, opened->flags, &profile)) return status;
        header->shrunk_width = opened->image->Xsize;
        header->shrunk_height = opened->image->Ysize;
        header->profile = profile;
        return 0;
    });
}

// Decodes into rows of RGB, on this thread alone: libvips' own threads would each work on one picture of many.
TUTTI_EXPORT int tutti_picture_read(void* picture, uint8_t* pixels, int64_t capacity) {
    return guard([&] {
        auto* opened = static_cast<Opened*>(picture);
        std::string error;
        if (opened->jpeg) return opened->jpeg->read(pixels, capacity, error) ? 0 : fail(error.c_str());
        auto* image = opened->image.get();
        const int width = image->Xsize, height = image->Ysize, strip = 64;
        const auto stride = static_cast<size_t>(width) * 3;
        if (capacity != static_cast<int64_t>(stride) * height) return fail("the room for the pixels has another size");
        std::unique_ptr<VipsRegion, Unref> region(vips_region_new(image));
        for (int top = 0; top < height; top += strip) {
            VipsRect rows = {0, top, width, VIPS_MIN(strip, height - top)};
            if (vips_region_prepare(region.get(), &rows) != 0) return vips_failed();
            for (int y = 0; y < rows.height; y++) std::memcpy(pixels + stride * (top + y), VIPS_REGION_ADDR(region.get(), 0, top + y), stride);
        }
        return 0;
    });
}

TUTTI_EXPORT void tutti_picture_close(void* picture) { delete static_cast<Opened*>(picture); }

// A line of text as coverage, 0..255, cut at the width; the caller's room is width x height.
TUTTI_EXPORT int tutti_picture_text(const char* text, int width, int height, uint8_t* coverage, int32_t* drawn_width, int32_t* drawn_height) {
    return guard([&] {
        std::unique_ptr<char, void (*)(void*)> escaped(g_markup_escape_text(text, -1), g_free);
        VipsImage* drawn = nullptr;
        if (vips_text(&drawn, escaped.get(), "font", "sans 9", "dpi", 96, nullptr) != 0) return vips_failed();
        Image image(drawn);
        std::memset(coverage, 0, static_cast<size_t>(width) * height);
        *drawn_width = VIPS_MIN(width, image->Xsize);
        *drawn_height = VIPS_MIN(height, image->Ysize);
        std::unique_ptr<VipsRegion, Unref> region(vips_region_new(drawn));
        VipsRect all = {0, 0, *drawn_width, *drawn_height};
        if (vips_region_prepare(region.get(), &all) != 0) return vips_failed();
        for (int y = 0; y < all.height; y++) std::memcpy(coverage + static_cast<size_t>(y) * width, VIPS_REGION_ADDR(region.get(), 0, y), all.width);
        return 0;
    });
}

// A JPEG file of rows of RGB; freed by tutti_picture_free.
TUTTI_EXPORT int tutti_picture_jpeg(const uint8_t* pixels, int width, int height, int quality, uint8_t** bytes, int64_t* length) {
    return guard([&] {
        Image image(vips_image_new_from_memory(pixels, static_cast<size_t>(width) * height * 3, width, height, 3, VIPS_FORMAT_UCHAR));
        void* buffer = nullptr;
        size_t size = 0;
        if (!image || vips_jpegsave_buffer(image.get(), &buffer, &size, "Q", quality, "strip", TRUE, nullptr) != 0) return vips_failed();
        *bytes = static_cast<uint8_t*>(buffer);
        *length = static_cast<int64_t>(size);
        return 0;
    });
}

TUTTI_EXPORT void tutti_picture_free(void* bytes) { g_free(bytes); }
