// The C ABI of collectives between processes: c10d's store, process group and works, and buckets of gradients over them. See ../README.md.
#pragma once
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <torch/csrc/distributed/c10d/Types.hpp>
#include <torch/csrc/distributed/c10d/Work.hpp>
#include <torch/version.h>
#if TORCH_VERSION_MAJOR >= 2
#include <torch/csrc/distributed/c10d/Backend.hpp>
#else
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#endif
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <string>

#define TUTTI_API extern "C" __attribute__((visibility("default")))

namespace tutti {

// Failed: the message is in tutti_distributed_error. Absent: this build has no such thing.
enum Status : int32_t { Ok = 0, Failed = 1, Absent = 3 };

std::string& last_error();

template <class F> int32_t guard(F body) {
  try {
    body();
    return Ok;
  } catch (const c10::Error& e) {
    last_error() = e.what_without_backtrace();
  } catch (const std::exception& e) {
    last_error() = e.what();
  } catch (...) {
    last_error() = "an unknown native failure";
  }
  return Failed;
}

// As the engine's shim has them: a handle is a counted reference to a TensorImpl.
at::Tensor borrowed(void* handle);

#if TORCH_VERSION_MAJOR >= 2
using Group = c10d::Backend;
#else
using Group = c10d::ProcessGroup;
#endif

using StoreHandle = c10::intrusive_ptr<c10d::Store>;
using GroupHandle = c10::intrusive_ptr<Group>;
using WorkHandle = c10::intrusive_ptr<c10d::Work>;

// True when the work is done; rethrows its failure. Waits at most so long.
bool wait_for(const WorkHandle& work, int64_t milliseconds);

}  // namespace tutti
