// The CPU allocator: counts, can limit, and caches freed blocks.
// Caching matters: with glibc's allocator each large activation is mapped, faulted in page by page and unmapped again every step.
// Large blocks are runs of pages in big mappings. A freed run is cut and joined like any free list, so any later size can use it, and
// pages that are to be given back are given back singly (MADV_DONTNEED): the limit is one on pages, and fragments cannot make it fail.
#include "tutti.h"
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <sys/mman.h>
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>
#include <vector>

namespace {

constexpr size_t page = 4096, small_most = 64 << 10, mapping = size_t(1) << 30;
constexpr size_t header_bytes = 64;  // keeps the 64-byte alignment that vector kernels expect

size_t rounded(size_t n, size_t to) { return (n + to - 1) / to * to; }

// 64-byte steps up to 2 KiB, then 32 classes per power of two: about 3 % of a block is unused at most.
size_t small_class(size_t n) {
  if (n <= 2048) return rounded(std::max<size_t>(n, 1), 64);
  const size_t power = size_t(1) << (63 - __builtin_clzll(n - 1));
  return rounded(n, power / 32);
}

// Free runs of pages, found by address (to join neighbours) and by size (to fit best). Clean runs take no memory until they are touched.
class Runs {
 public:
  void put(char* at, size_t bytes) {
    auto next = by_address_.lower_bound(at);
    if (next != by_address_.begin()) {
      auto before = std::prev(next);
      if (before->first + before->second == at) {
        at = before->first;
        bytes += before->second;
        erase(before);
      }
    }
    if (next != by_address_.end() && at + bytes == next->first) {
      bytes += next->second;
      erase(next);
    }
    by_address_.emplace(at, bytes);
    by_size_.emplace(bytes, at);
  }
  // The front of the smallest run that has room, or null.
  char* take(size_t bytes) {
    auto found = by_size_.lower_bound({bytes, nullptr});
    if (found == by_size_.end()) return nullptr;
    const auto [size, at] = *found;
    erase(by_address_.find(at));
    if (size > bytes) put(at + bytes, size - bytes);
    return at;
  }
  // Up to `most` bytes from the end of the largest run.
  std::pair<char*, size_t> take_end(size_t most) {
    const auto [size, at] = *by_size_.rbegin();
    const size_t bytes = std::min(size, most);
    erase(by_address_.find(at));
    if (size > bytes) put(at, size - bytes);
    return {at + size - bytes, bytes};
  }
  bool empty() const { return by_size_.empty(); }

 private:
  void erase(std::map<char*, size_t>::iterator run) {
    by_size_.erase({run->second, run->first});
    by_address_.erase(run);
  }
  std::map<char*, size_t> by_address_;
  std::set<std::pair<size_t, char*>> by_size_;
};

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
    std::lock_guard<std::mutex> lock(mutex_);
    return n > small_most ? take_large(rounded(n, page)) : take_small(small_class(n));
  }

  void give(void* data) {
    std::lock_guard<std::mutex> lock(mutex_);
    size_t bytes;
    if (auto found = large_.find(data); found != large_.end()) {
      bytes = found->second;
      recent_[bytes].push_back(static_cast<char*>(data));
    } else {
      bytes = *reinterpret_cast<size_t*>(static_cast<char*>(data) - header_bytes);
      small_[bytes].push_back(data);
    }
    in_use_ -= bytes;
    cached_ += bytes;
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
  void* take_small(size_t want) {
    // Its own class only: what is in use depends on what was asked for, not on what was freed before.
    if (auto found = small_.find(want); found != small_.end()) {
      void* data = found->second.back();
      found->second.pop_back();
      if (found->second.empty()) small_.erase(found);
      cached_ -= want;
      add_in_use(want);
      return data;
    }
    make_room(want);
    char* base = static_cast<char*>(std::aligned_alloc(64, want + header_bytes));
    if (base == nullptr) fail(want);
    *reinterpret_cast<size_t*>(base) = want;
    add_in_use(want);
    return base + header_bytes;
  }

  void* take_large(size_t want) {
    if (auto same = recent_.find(want); same != recent_.end() && !same->second.empty()) {
      char* data = same->second.back();
      same->second.pop_back();
      cached_ -= want;
      add_in_use(want);
      return data;
    }
    join_recent();
    char* data = dirty_.take(want);
    if (data != nullptr) cached_ -= want;
    else {
      make_room(want);
      data = clean_.take(want);
      if (data == nullptr) {
        map(want);
        data = clean_.take(want);
      }
    }
    large_.emplace(data, want);
    add_in_use(want);
    return data;
  }

  // What was freed lately becomes runs, joined with their neighbours: not before a size is asked for that was not freed lately.
  void join_recent() {
    for (auto& [bytes, blocks] : recent_)
      for (char* data : blocks) {
        large_.erase(data);
        dirty_.put(data, bytes);
      }
    recent_.clear();
  }

  // More addresses; memory is taken when pages are touched.
  void map(size_t want) {
    for (size_t bytes : {std::max(rounded(want, page), mapping), rounded(want, page)}) {
      void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (at == MAP_FAILED) continue;
      clean_.put(static_cast<char*>(at), bytes);
      return;
    }
    fail(want);
  }

  void add_in_use(size_t bytes) {
    in_use_ += bytes;
    peak_ = std::max(peak_, in_use_);
    peak_ever_ = std::max(peak_ever_, in_use_);
  }
  // What is held (in use and cached) stays within the limit, and near the peak in use.
  void make_room(size_t want) {
    const size_t roof = std::max(peak_ever_, in_use_ + want) / 4 * 5 + (64u << 20);
    drop_cached(in_use_ + want, std::min(limit_, roof));
    if (in_use_ + want > limit_) fail(want);
  }
  // Gives cached memory back to the system, from the largest runs, until `used` plus what stays cached is at most `roof`.
  void drop_cached(size_t used, size_t roof) {
    if (cached_ > 0 && used + cached_ > roof) join_recent();
    while (cached_ > 0 && used + cached_ > roof) {
      if (!dirty_.empty()) {
        const auto [at, bytes] = dirty_.take_end(rounded(used + cached_ - roof, page));
        madvise(at, bytes, MADV_DONTNEED);
        clean_.put(at, bytes);
        cached_ -= bytes;
        continue;
      }
      auto largest = std::prev(small_.end());
      std::free(static_cast<char*>(largest->second.back()) - header_bytes);
      largest->second.pop_back();
      cached_ -= largest->first;
      if (largest->second.empty()) small_.erase(largest);
    }
  }
  [[noreturn]] void fail(size_t want) const {
    const std::string limit = limit_ == SIZE_MAX ? std::string("the system's memory") : std::to_string(limit_) + " bytes";
    TORCH_CHECK(false, tutti::memory_mark, " asked for ", want, " bytes with ", in_use_, " in use; the limit is ", limit);
    std::abort();
  }

  std::mutex mutex_;
  std::map<size_t, std::vector<void*>> small_;  // freed small blocks by size; the size stands before the data too
  std::unordered_map<void*, size_t> large_;     // large blocks in use, and those of recent_
  std::unordered_map<size_t, std::vector<char*>> recent_;  // freed large blocks by size: an update asks for the sizes of the one before
  Runs dirty_, clean_;
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
