// What processes agree by: c10d's TCPStore. One client is one connection, and one operation of it at a time.
#include "distributed.h"
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <cstring>

namespace tutti {

std::string& last_error() {
  thread_local std::string text;
  return text;
}

namespace {

// What was opened; every key has a prefix, so that a store which a launcher opened serves many runs.
struct OpenStore {
  c10::intrusive_ptr<c10d::TCPStore> tcp;
  StoreHandle store;
};

OpenStore& store_of(void* handle) { return *static_cast<OpenStore*>(handle); }

}  // namespace

const StoreHandle& store_in(void* handle) { return store_of(handle).store; }

}  // namespace tutti

using namespace tutti;

TUTTI_API const char* tutti_distributed_error() { return last_error().c_str(); }

// server: this process keeps the values, at a port of its choice where port is 0. A client tries until the time is over.
TUTTI_API int32_t tutti_store_open(const char* host, int32_t port, int32_t server, const char* prefix, int64_t milliseconds, void** out) {
  return guard([&] {
    c10d::TCPStoreOptions options;
    options.port = uint16_t(port);
    options.isServer = server != 0;
    options.waitWorkers = false;
    options.timeout = std::chrono::milliseconds(milliseconds);
    auto tcp = c10::make_intrusive<c10d::TCPStore>(std::string(host), options);
    *out = new OpenStore{tcp, c10::make_intrusive<c10d::PrefixStore>(std::string(prefix), tcp)};
  });
}
TUTTI_API int32_t tutti_store_port(void* store) { return store_of(store).tcp->getPort(); }
TUTTI_API int32_t tutti_store_set(void* store, const char* key, const void* bytes, int64_t length) {
  return guard([&] {
    const auto* first = static_cast<const uint8_t*>(bytes);
    store_in(store)->set(key, std::vector<uint8_t>(first, first + length));
  });
}
// A copy of the value, to be freed by tutti_bytes_free; waits for it as long as the store was opened with.
TUTTI_API int32_t tutti_store_get(void* store, const char* key, void** bytes, int64_t* length) {
  return guard([&] {
    const auto value = store_in(store)->get(key);
    *bytes = std::malloc(value.empty() ? 1 : value.size());
    if (*bytes == nullptr) throw std::bad_alloc();
    if (!value.empty()) std::memcpy(*bytes, value.data(), value.size());
    *length = int64_t(value.size());
  });
}
TUTTI_API void tutti_bytes_free(void* bytes) { std::free(bytes); }
TUTTI_API int32_t tutti_store_add(void* store, const char* key, int64_t more, int64_t* sum) {
  return guard([&] { *sum = store_in(store)->add(key, more); });
}
TUTTI_API int32_t tutti_store_check(void* store, const char* key, int32_t* there) {
  return guard([&] { *there = store_in(store)->check({key}); });
}
TUTTI_API void tutti_store_close(void* store) { delete static_cast<OpenStore*>(store); }
