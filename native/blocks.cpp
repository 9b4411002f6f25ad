// What small memory needs of autograd: blocks whose activations are not kept, a backward that leaves nothing behind where it fails, the
// state of half-done gradients, the memory in use when backward passes a tensor, and tensors in a mapped file.
#include "tutti.h"
#include <ATen/ThreadLocalState.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/torch.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace {

using namespace tutti;
using torch::autograd::variable_list;

// Runs a block on x (whose handle it takes) and gives y; any other status than Ok has its message in tutti_error.
using Body = int32_t (*)(void* state, void* x, void** y);
using Release = void (*)(void* state);

struct Block {
  const Body body;
  const Release release;
  void* const state;
  Block(Body b, Release r, void* s) : body(b), release(r), state(s) {}
  Block(const Block&) = delete;
  ~Block() { release(state); }

  at::Tensor run(const at::Tensor& x) const {
    void* y = nullptr;
    const int32_t status = body(state, to_handle(x), &y);
    TORCH_CHECK(status == Ok, status == OutOfMemory ? memory_mark : "a block failed:", " ", last_error());
    const auto result = from_handle(y);
    tutti_tensor_free(y);
    return result;
  }
};

// Weights cast for one block are not kept: a copy cast in the first, unrecorded pass would have no way back to its weight.
struct NoCastCache {
  const bool before = at::autocast::is_autocast_cache_enabled();
  NoCastCache() { at::autocast::set_autocast_cache_enabled(false); }
  ~NoCastCache() { at::autocast::set_autocast_cache_enabled(before); }
};

// Keeps the block's input only; backward runs the block again, in the modes of the first pass, and differentiates that.
struct Recompute : torch::autograd::Node {
  std::shared_ptr<Block> block;
  at::Tensor input;
  std::vector<at::Tensor> params;
  at::ThreadLocalState modes;

  variable_list apply(variable_list&& grads) override {
    at::ThreadLocalStateGuard as_before(modes);
    at::AutoGradMode recorded(true);
    NoCastCache none;
    const auto x = input.detach();
    x.set_requires_grad(task_should_compute_output(0));
    variable_list wanted;
    std::vector<size_t> places;
    if (x.requires_grad()) wanted.push_back(x), places.push_back(0);
    for (size_t i = 0; i < params.size(); i++)
      if (params[i].requires_grad() && task_should_compute_output(i + 1)) wanted.push_back(params[i]), places.push_back(i + 1);
    variable_list out(params.size() + 1);
    if (wanted.empty() || !grads[0].defined()) return out;
    const auto y = block->run(x);
    auto found = torch::autograd::grad({y}, wanted, {std::move(grads[0])}, /*retain_graph=*/false, /*create_graph=*/false, /*allow_unused=*/true);
    for (size_t i = 0; i < places.size(); i++) out[places[i]] = std::move(found[i]);
    return out;
  }
  void release_variables() override {
    input.reset();
    params.clear();
    block.reset();
  }
};

// The oldest node there can be: whatever waits in this thread's queue is looked at before it.
struct Last : torch::autograd::Node {
  Last() : Node(/*sequence_nr=*/0) {}
  variable_list apply(variable_list&&) override { return {}; }
};

// A backward that fails leaves the nodes that were ready to run in the thread's queue, with all activations before them, until the next
// backward finds that their graph is gone. What comes next is a forward, and it needs that memory: so an empty backward clears the queue.
void forget_unfinished() {
  static float one = 1;                                       // no allocation: memory has just ended
  const auto gradient = at::from_blob(&one, {}, at::kFloat);
  std::shared_ptr<Last> node(new Last(), torch::autograd::deleteNode);
  const auto place = node->add_input_metadata(gradient);
  torch::autograd::Engine::get_default_engine().execute({{node, place}}, {gradient}, false, false, true);
}

void check_system(bool ok, const char* what, const char* path) { TORCH_CHECK(ok, what, " ", path, ": ", std::strerror(errno)); }

}  // namespace

// y = body(x), remembering only x. `state` is released when it is needed no more, also after a failure.
TUTTI_API int32_t tutti_recompute(Body body, Release release, void* state, void* x, void** params, int32_t count, void** y) {
  return guard([&] {
    auto block = std::make_shared<Block>(body, release, state);
    const auto input = from_handle(x);
    variable_list inputs{input};
    for (int32_t i = 0; i < count; i++) inputs.push_back(from_handle(params[i]));
    at::Tensor result;
    {
      at::NoGradGuard unrecorded;
      NoCastCache none;
      result = block->run(input.detach());
    }
    if (at::GradMode::is_enabled() && torch::autograd::any_variable_requires_grad(inputs)) {
      std::shared_ptr<Recompute> node(new Recompute(), torch::autograd::deleteNode);
      node->set_next_edges(torch::autograd::collect_next_edges(inputs));
      node->block = block;
      node->input = input.detach();
      node->params.assign(inputs.begin() + 1, inputs.end());
      torch::autograd::set_history(result, node);
    }
    *y = to_handle(result);
  });
}

TUTTI_API int32_t tutti_backward(void* loss) {
  const int32_t status = guard([&] { torch::autograd::backward({from_handle(loss)}, {}); });
  if (status == Ok) return status;
  const std::string why = last_error();
  guard(forget_unfinished);
  last_error() = why;
  return status;
}

// Writes bytes in use, and the peak since the last mark, to sink[0] and sink[1] when the tensor's gradient is known.
TUTTI_API int32_t tutti_mark(void* handle, int64_t* sink) {
  return guard([&] {
    const auto device = from_handle(handle).device();
    from_handle(handle).register_hook([sink, device](const at::Tensor&) {
      int64_t stats[4] = {0, 0, 0, 0};
      if (device.is_cuda()) tutti_cuda_memory(device.index(), stats, 1);
      else tutti_memory_stats(stats, 1);
      sink[0] = stats[0];
      sink[1] = stats[1];
    });
  });
}

// A number that changes whenever a weight's gradient does; -1 where there is none. A gradient that becomes another tensor (by rows and a whole one is added; moved into
// a bucket that is reduced between processes) counts from elsewhere: so the two kinds count by even and by odd numbers, and the tensor's address is part of the number.
TUTTI_API int64_t tutti_grad_version(void* handle) {
  return value_or<int64_t>(-1, [&] {
    const auto grad = from_handle(handle).grad();
    if (!grad.defined()) return int64_t(-1);
    const auto* impl = grad.unsafeGetTensorImpl();
    return int64_t(((reinterpret_cast<uint64_t>(impl) << 17) + 2 * uint64_t(impl->version_counter().current_version()) + uint64_t(grad.is_sparse())) & INT64_MAX);
  });
}

// ---- tensors in a file

// Maps a new file of zeros, whose space on the disk is taken at once, and removes its name: nothing is left behind, however the process ends.
TUTTI_API int32_t tutti_pages_open(const char* path, int64_t bytes, void** out) {
  return guard([&] {
    const int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    check_system(file >= 0, "cannot create", path);
    unlink(path);
    errno = posix_fallocate(file, 0, bytes);
    void* at = errno == 0 ? mmap(nullptr, size_t(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
    const int error = errno;
    close(file);
    errno = error;
    check_system(at != MAP_FAILED, "cannot take room in", path);
    *out = at;
  });
}
// The pages leave this process's memory; the system writes them out and reads them back when they are touched.
TUTTI_API void tutti_pages_rest(void* at, int64_t bytes) { madvise(at, size_t(bytes), MADV_DONTNEED); }
TUTTI_API void tutti_pages_close(void* at, int64_t bytes) { munmap(at, size_t(bytes)); }
// A tensor whose values are at this address; the caller keeps them there.
TUTTI_API int32_t tutti_tensor_at(void* at, int32_t dtype, const int64_t* sizes, int32_t dims, void** out) {
  return guard([&] { *out = to_handle(at::from_blob(at, at::IntArrayRef(sizes, size_t(dims)), at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)))); });
}
