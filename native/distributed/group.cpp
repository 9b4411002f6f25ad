// Process groups: Gloo, and NCCL where this libtorch has it; collectives are works that are waited for in slices.
#include "distributed.h"
#ifdef TUTTI_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#ifdef TUTTI_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <sstream>
#include <thread>

namespace tutti {

const StoreHandle& store_in(void* handle);

at::Tensor borrowed(void* handle) {
  auto* impl = static_cast<c10::TensorImpl*>(handle);
  c10::raw::intrusive_ptr::incref(impl);
  return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(impl));
}

Group& group_in(void* handle) { return **static_cast<GroupHandle*>(handle); }
const GroupHandle& group_handle(void* handle) { return *static_cast<GroupHandle*>(handle); }

bool wait_for(const WorkHandle& work, int64_t milliseconds) {
  if (work->isCompleted()) {
    work->wait();                                             // rethrows what failed; on a GPU queues what follows behind it
    return true;
  }
#ifdef TUTTI_NCCL
  // Waiting for a GPU's work with a limit would give the work up when the limit is reached.
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  while (!work->isCompleted()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
#else
  try {
    work->wait(std::chrono::milliseconds(milliseconds));
    return true;
  } catch (...) {
    if (!work->isCompleted()) return false;
  }
#endif
  work->wait();
  return true;
}

namespace {

#ifdef TUTTI_GLOO
GroupHandle open_gloo(const StoreHandle& store, int32_t rank, int32_t size, const std::string& interfaces, const std::string& address, std::chrono::milliseconds timeout) {
  auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  options->threads = 2;
  std::istringstream names(interfaces);
  for (std::string name; std::getline(names, name, ',');) options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(name));
  if (options->devices.empty()) options->devices.push_back(address.empty() ? c10d::ProcessGroupGloo::createDefaultDevice() : c10d::ProcessGroupGloo::createDeviceForHostname(address));
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, options);
}
#endif

#ifdef TUTTI_NCCL
GroupHandle open_nccl(const StoreHandle& store, int32_t rank, int32_t size, std::chrono::milliseconds timeout) {
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
}
#endif

}  // namespace
}  // namespace tutti

using namespace tutti;

// Bits: 1 Gloo, 2 NCCL.
TUTTI_API int32_t tutti_group_kinds() {
  int32_t kinds = 0;
#ifdef TUTTI_GLOO
  kinds |= 1;
#endif
#ifdef TUTTI_NCCL
  kinds |= 2;
#endif
  return kinds;
}

// kind: as in tutti_group_kinds. interfaces: names with commas between; empty: the interface of `address`; both empty: that of this machine's name.
TUTTI_API int32_t tutti_group_open(void* store, const char* name, int32_t kind, int32_t rank, int32_t size, const char* interfaces, const char* address, int64_t milliseconds, void** out) {
  if ((tutti_group_kinds() & kind) == 0) return Absent;
  return guard([&] {
    const auto own = c10::make_intrusive<c10d::PrefixStore>(std::string(name), store_in(store));
    const std::chrono::milliseconds timeout(milliseconds);
#ifdef TUTTI_GLOO
    if (kind == 1) *out = new GroupHandle(open_gloo(own, rank, size, interfaces, address, timeout));
#endif
#ifdef TUTTI_NCCL
    if (kind == 2) *out = new GroupHandle(open_nccl(own, rank, size, timeout));
#endif
  });
}
TUTTI_API void tutti_group_close(void* group) {
  guard([&] { delete static_cast<GroupHandle*>(group); });
}

// op: 0 sum, 3 least, 4 most; in place.
TUTTI_API int32_t tutti_all_reduce(void* group, void* tensor, int32_t op, void** work) {
  return guard([&] {
    c10d::AllreduceOptions options;
    options.reduceOp = static_cast<c10d::ReduceOp::RedOpType>(op);
    std::vector<at::Tensor> tensors{borrowed(tensor)};
    *work = new WorkHandle(group_in(group).allreduce(tensors, options));
  });
}
TUTTI_API int32_t tutti_broadcast(void* group, void* tensor, int32_t from, void** work) {
  return guard([&] {
    c10d::BroadcastOptions options;
    options.rootRank = from;
    std::vector<at::Tensor> tensors{borrowed(tensor)};
    *work = new WorkHandle(group_in(group).broadcast(tensors, options));
  });
}
// out has a first axis of all ranks; row r gets rank r's tensor.
TUTTI_API int32_t tutti_all_gather(void* group, void* out, void* tensor, void** work) {
  return guard([&] {
    std::vector<std::vector<at::Tensor>> outs{borrowed(out).unbind(0)};
    std::vector<at::Tensor> tensors{borrowed(tensor)};
    *work = new WorkHandle(group_in(group).allgather(outs, tensors));
  });
}
// Returns when all ranks are here. Rank 0 waits so long for the others, and its failure names those that are not.
TUTTI_API int32_t tutti_monitored_barrier(void* group, int64_t milliseconds) {
  return guard([&] {
    c10d::BarrierOptions options;
    options.timeout = std::chrono::milliseconds(milliseconds);
    group_in(group).monitoredBarrier(options, true);
  });
}
TUTTI_API int32_t tutti_work_wait(void* work, int64_t milliseconds, int32_t* done) {
  return guard([&] { *done = wait_for(*static_cast<WorkHandle*>(work), milliseconds); });
}
TUTTI_API void tutti_work_free(void* work) { delete static_cast<WorkHandle*>(work); }
