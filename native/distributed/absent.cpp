// Built where this libtorch has no c10d that can be linked: every call says so.
#include <cstdint>

#define TUTTI_API extern "C" __attribute__((visibility("default")))

namespace {
constexpr int32_t Absent = 3;
}

TUTTI_API const char* tutti_distributed_error() { return "this build of the engine has no c10d"; }
TUTTI_API int32_t tutti_store_open(const char*, int32_t, int32_t, const char*, int64_t, void**) { return Absent; }
TUTTI_API int32_t tutti_store_port(void*) { return 0; }
TUTTI_API int32_t tutti_store_set(void*, const char*, const void*, int64_t) { return Absent; }
TUTTI_API int32_t tutti_store_get(void*, const char*, void**, int64_t*) { return Absent; }
TUTTI_API void tutti_bytes_free(void*) {}
TUTTI_API int32_t tutti_store_add(void*, const char*, int64_t, int64_t*) { return Absent; }
TUTTI_API int32_t tutti_store_check(void*, const char*, int32_t*) { return Absent; }
TUTTI_API void tutti_store_close(void*) {}
TUTTI_API int32_t tutti_group_kinds() { return 0; }
TUTTI_API int32_t tutti_group_open(void*, const char*, int32_t, int32_t, int32_t, const char*, const char*, int64_t, void**) { return Absent; }
TUTTI_API void tutti_group_close(void*) {}
TUTTI_API int32_t tutti_all_reduce(void*, void*, int32_t, void**) { return Absent; }
TUTTI_API int32_t tutti_broadcast(void*, void*, int32_t, void**) { return Absent; }
TUTTI_API int32_t tutti_all_gather(void*, void*, void*, void**) { return Absent; }
TUTTI_API int32_t tutti_monitored_barrier(void*, int64_t) { return Absent; }
TUTTI_API int32_t tutti_work_wait(void*, int64_t, int32_t*) { return Absent; }
TUTTI_API void tutti_work_free(void*) {}
TUTTI_API int32_t tutti_buckets_open(void*, void**, const int32_t*, int32_t, int32_t, int32_t, void**) { return Absent; }
TUTTI_API int32_t tutti_buckets_begin(void*) { return Absent; }
TUTTI_API void tutti_buckets_arm(void*, int32_t) {}
TUTTI_API int32_t tutti_buckets_flush(void*) { return Absent; }
TUTTI_API int32_t tutti_buckets_wait(void*, int64_t, int32_t*) { return Absent; }
TUTTI_API void tutti_buckets_stats(void*, double*) {}
TUTTI_API void tutti_buckets_close(void*) {}
