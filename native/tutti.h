// The C ABI of the engine shim: everything that managed code calls. See README.md for why each function exists.
#pragma once
#include <ATen/core/Tensor.h>
#include <cstddef>
#include <cstdint>
#include <string>

#define TUTTI_API extern "C" __attribute__((visibility("default")))

namespace tutti {

enum Status : int32_t { Ok = 0, Failed = 1, OutOfMemory = 2 };

// One argument or result of a boxed call. `count` is the length of a list, or the index of a device.
enum Kind : int32_t { None = 0, TensorValue = 1, Int = 2, Double = 3, Bool = 4, Tensors = 5, Ints = 6, Doubles = 7, Text = 8, DeviceValue = 9 };

struct Value {
  int32_t kind;
  int32_t count;
  union {
    int64_t i;
    double d;
    void* p;
  };
};

// The message of the last failure on this thread.
std::string& last_error();

// Runs `body`, turning exceptions into a status and a message without native back-traces.
int32_t guard_call(void (*body)(void*), void* state);

template <class F> int32_t guard(F body) {
  return guard_call([](void* state) { (*static_cast<F*>(state))(); }, &body);
}

// The value of `body`, or `fallback` where it throws: nothing crosses the C boundary, whatever a function returns.
template <class T, class F> T value_or(T fallback, F body) {
  T result = fallback;
  guard([&] { result = body(); });
  return result;
}

// What the allocator throws when its limit is reached; carried through libtorch as a c10::Error with this word in it.
constexpr const char* memory_mark = "[tutti-out-of-memory]";

void install_allocator();

// A handle is a counted reference to a TensorImpl, without a second allocation for the at::Tensor around it.
void* to_handle(at::Tensor t);
at::Tensor from_handle(void* handle);

}  // namespace tutti

TUTTI_API void tutti_tensor_free(void* handle);
TUTTI_API void tutti_memory_stats(int64_t* out, int32_t reset_peak);
TUTTI_API int32_t tutti_cuda_memory(int32_t index, int64_t* out, int32_t reset_peak);
