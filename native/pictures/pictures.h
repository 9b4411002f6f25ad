// Pictures from bytes, by libvips. A library of its own, so that whoever trains on texts needs no libvips.
#pragma once
#include <cstddef>
#include <cstdint>

#define TUTTI_EXPORT extern "C" __attribute__((visibility("default")))

enum Format : int { Jpeg = 1, Png = 2, Webp = 3, Gif = 4, Tiff = 5 };

enum Flag : int { Profiles = 1, OnWhite = 2, LibjpegAlone = 4 };

// What a header says, and what was made of it.
struct PictureHeader {
    int32_t width, height;      // of the file, before shrinking and before its orientation is applied
    int32_t orientation;        // EXIF, 1..8
    int32_t shrunk_width, shrunk_height;
    int32_t bands;              // of the file: 1 grey, 2 grey and alpha, 3 colours, 4 with alpha or CMYK
    int32_t profile;            // 0 none, 1 applied, 2 broken and left out, 3 there but not asked for, or sRGB's own
    int32_t bits;               // of a channel
};

// Whether a profile is called sRGB: then nothing is to be done, which is most of the pictures that have one.
bool is_srgb_profile(const void* data, size_t length);
