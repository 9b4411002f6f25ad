// The CPU allocator: counts, can limit, and caches freed blocks.
// Caching matters: with glibc's allocator each large activation is mapped, faulted in page by page and unmapped again every step.
#include "tutti.h"
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

namespace {

constexpr size_t header_bytes = 64;  // keeps the 64-byte alignment that vector kernels expect

struct Header {
  size_t bytes;  // usable size of the block, a size class
};

// 64-byte steps up to 1 KiB, then eight classes per power of two: at most 12.5 % of a block is unused.
size_t size_class(size_t n) {
  if (n <= 1024) return n == 0 ? 64 : (n + 63) / 64 * 64;
  size_t power = size_t(1) << (63 - __builtin_clzll(n - 1));
  size_t step = power / 8;
  return (n + step - 1) / step * step;
}

class CachingAllocator final : public c10::Allocator {
 public:
  // Without `override` on purpose: libtorch 1.13 declares allocate const, 2.x does not, and copy_data exists in 2.x only.
  c10::DataPtr allocate(size_t n) const { return const_cast<CachingAllocator*>(this)->allocate(n); }
  c10::DataPtr allocate(size_t n) {
    void* data = n == 0 ? nullptr : take(n);
    // The context is the data pointer itself: raw allocation asserts it.
    return {data, data, &CachingAllocator::release, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &CachingAllocator::release; }
  void copy_data(void* to, const void* from, std::size_t count) const { std::memcpy(to, from, count); }

  void* take(size_t n) {
    const size_t want = size_class(n);
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = free_.lower_bound(want);
    // A slightly larger block serves too: ragged batches rarely ask for the same size twice.
    if (found != free_.end() && found->first <= want + want / 4) {
      void* data = found->second.back();
      found->second.pop_back();
      const size_t bytes = found->first;
      if (found->second.empty()) free_.erase(found);
      cached_ -= bytes;
      add_in_use(bytes);
      return data;
    }
    // What is held (in use and cached) stays within the limit, and near the peak in use.
    const size_t roof = std::max(peak_ever_, in_use_ + want) / 4 * 5 + (64u << 20);
    drop_cached(in_use_ + want, std::min(limit_, roof));
    if (in_use_ + want > limit_) fail(want);
    char* base = static_cast<char*>(std::aligned_alloc(64, want + header_bytes));
    if (base == nullptr) {
      drop_cached(in_use_ + want, 0);
      base = static_cast<char*>(std::aligned_alloc(64, want + header_bytes));
      if (base == nullptr) fail(want);
    }
    reinterpret_cast<Header*>(base)->bytes = want;
    add_in_use(want);
    return base + header_bytes;
  }

  void give(void* data) {
    std::lock_guard<std::mutex> lock(mutex_);
    const size_t bytes = reinterpret_cast<Header*>(static_cast<char*>(data) - header_bytes)->bytes;
    in_use_ -= bytes;
    cached_ += bytes;
    free_[bytes].push_back(data);
    // Only after a limit was set below what was in use can this be over it.
    drop_cached(in_use_, limit_);
  }

  void stats(int64_t* out, bool reset_peak) {
    std::lock_guard<std::mutex> lock(mutex_);
    out[0] = int64_t(in_use_);
    out[1] = int64_t(peak_);
    out[2] = int64_t(cached_);
    out[3] = limit_ == SIZE_MAX ? -1 : int64_t(limit_);
    if (reset_peak) peak_ = in_use_;
  }
  void set_limit(int64_t bytes) {
    std::lock_guard<std::mutex> lock(mutex_);
    limit_ = bytes < 0 ? SIZE_MAX : size_t(bytes);
    drop_cached(in_use_, limit_);
  }
  void trim() {
    std::lock_guard<std::mutex> lock(mutex_);
    drop_cached(in_use_, 0);
    peak_ever_ = in_use_;
  }

  static void release(void* data);

 private:
  void add_in_use(size_t bytes) {
    in_use_ += bytes;
    peak_ = std::max(peak_, in_use_);
    peak_ever_ = std::max(peak_ever_, in_use_);
  }
  // Gives cached blocks back to the system, largest first, until `used` plus what stays cached is at most `roof`.
  void drop_cached(size_t used, size_t roof) {
    while (cached_ > 0 && used + cached_ > roof) {
      auto largest = std::prev(free_.end());
      std::free(static_cast<char*>(largest->second.back()) - header_bytes);
      largest->second.pop_back();
      cached_ -= largest->first;
      if (largest->second.empty()) free_.erase(largest);
    }
  }
  [[noreturn]] void fail(size_t want) const {
    const std::string limit = limit_ == SIZE_MAX ? std::string("the system's memory") : std::to_string(limit_) + " bytes";
    TORCH_CHECK(false, tutti::memory_mark, " asked for ", want, " bytes with ", in_use_, " in use; the limit is ", limit);
    std::abort();
  }

  std::mutex mutex_;
  std::map<size_t, std::vector<void*>> free_;
  size_t in_use_ = 0, cached_ = 0, peak_ = 0, peak_ever_ = 0, limit_ = SIZE_MAX;
};

// Never destroyed: tensors may be freed after static destructors ran.
CachingAllocator& allocator() {
  static auto* instance = new CachingAllocator();
  return *instance;
}

void CachingAllocator::release(void* data) {
  if (data != nullptr) allocator().give(data);
}

}  // namespace

namespace tutti {
void install_allocator() { c10::SetCPUAllocator(&allocator(), 1); }
}  // namespace tutti

// out: bytes in use, peak since the last reset, cached, limit (-1: none).
TUTTI_API void tutti_memory_stats(int64_t* out, int32_t reset_peak) { allocator().stats(out, reset_peak != 0); }
TUTTI_API void tutti_memory_limit(int64_t bytes) { allocator().set_limit(bytes); }
TUTTI_API void tutti_memory_trim() { allocator().trim(); }
