// Built where libvips is absent: every call says so.
#include "pictures.h"

TUTTI_EXPORT const char* tutti_pictures_error() { return "this build has no libvips"; }
TUTTI_EXPORT int tutti_pictures_start() { return 3; }
TUTTI_EXPORT const char* tutti_pictures_version() { return ""; }
TUTTI_EXPORT int tutti_picture_open(const uint8_t*, int64_t, int, int, PictureHeader*, void**) { return 3; }
TUTTI_EXPORT int tutti_picture_shrink(void*, int, PictureHeader*) { return 3; }
TUTTI_EXPORT int tutti_picture_read(void*, uint8_t*, int64_t) { return 3; }
TUTTI_EXPORT void tutti_picture_close(void*) {}
TUTTI_EXPORT int tutti_picture_text(const char*, int, int, uint8_t*, int32_t*, int32_t*) { return 3; }
TUTTI_EXPORT int tutti_picture_jpeg(const uint8_t*, int, int, int, uint8_t**, int64_t*) { return 3; }
TUTTI_EXPORT void tutti_picture_free(void*) {}
