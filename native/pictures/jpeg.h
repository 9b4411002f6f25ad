// The usual photo, by libjpeg itself: what libvips does around it is work for other pictures.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "pictures.h"

class JpegPicture {
public:
    // Null where libvips is to read the picture: four inks, a profile to be applied, or no libjpeg at all. With a broken header, null and an error.
    static std::unique_ptr<JpegPicture> open(const uint8_t* bytes, int64_t length, int flags, PictureHeader* header, std::string& error);

    JpegPicture();
    ~JpegPicture();
    JpegPicture(const JpegPicture&) = delete;
    JpegPicture& operator=(const JpegPicture&) = delete;

    // shrink is 1, 2, 4 or 8.
    bool shrink(int by, PictureHeader* header, std::string& error);
    bool read(uint8_t* pixels, int64_t capacity, std::string& error);

    struct State;

private:
    std::unique_ptr<State> state;
};
