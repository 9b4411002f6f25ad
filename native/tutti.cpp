// Tensor handles, the boxed call, autograd, modes and devices.
#include "tutti.h"
#include "casts.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/version.h>
#include <cstring>
#include <map>

#ifdef TUTTI_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>
#endif

namespace tutti {

std::string& last_error() {
  thread_local std::string text;
  return text;
}

int32_t guard_call(void (*body)(void*), void* state) {
  try {
    body(state);
    return Ok;
  } catch (const c10::Error& e) {
    last_error() = e.what_without_backtrace();
    const bool memory = last_error().find(memory_mark) != std::string::npos || last_error().find("out of memory") != std::string::npos;
    return memory ? OutOfMemory : Failed;
  } catch (const std::bad_alloc&) {
    last_error() = "the system has no memory left";
    return OutOfMemory;
  } catch (const std::exception& e) {
    last_error() = e.what();
    return Failed;
  } catch (...) {
    last_error() = "an unknown native failure";
    return Failed;
  }
}

void* to_handle(at::Tensor t) { return t.defined() ? t.unsafeReleaseTensorImpl() : nullptr; }

at::Tensor from_handle(void* handle) {
  if (handle == nullptr) return {};
  auto* impl = static_cast<c10::TensorImpl*>(handle);
  c10::raw::intrusive_ptr::incref(impl);
  return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(impl));
}

const c10::OperatorHandle& op(void* handle) { return *static_cast<const c10::OperatorHandle*>(handle); }

c10::IValue tensor_list(const Value& v, const c10::TypePtr& type) {
  auto** items = static_cast<void**>(v.p);
  const auto list = type->cast<c10::ListType>();
  if (list && list->getElementType()->kind() == c10::TypeKind::OptionalType) {
    c10::List<c10::optional<at::Tensor>> result;
    for (int32_t i = 0; i < v.count; i++)
      result.push_back(items[i] == nullptr ? c10::optional<at::Tensor>() : c10::optional<at::Tensor>(from_handle(items[i])));
    return result;
  }
  c10::List<at::Tensor> result;
  for (int32_t i = 0; i < v.count; i++) result.push_back(from_handle(items[i]));
  return result;
}

// Whether an argument of this kind can stand where the schema wants that type. Without it libtorch answers with an internal assertion.
bool fits(int32_t kind, c10::TypeKind wanted) {
  switch (kind) {
    case TensorValue: return wanted == c10::TypeKind::TensorType;
    case Int: return wanted == c10::TypeKind::IntType || wanted == c10::TypeKind::SymIntType || wanted == c10::TypeKind::FloatType || wanted == c10::TypeKind::NumberType;
    case Double: return wanted == c10::TypeKind::FloatType || wanted == c10::TypeKind::NumberType;
    case Bool: return wanted == c10::TypeKind::BoolType || wanted == c10::TypeKind::NumberType;
    case Tensors: case Ints: case Doubles: return wanted == c10::TypeKind::ListType;
    case Text: return wanted == c10::TypeKind::StringType;
    case DeviceValue: return wanted == c10::TypeKind::DeviceObjType;
    default: return false;
  }
}

// Types and defaults come from the operator's schema, so a managed operator is one line.
c10::IValue to_ivalue(const Value& v, const c10::Argument& argument) {
  c10::TypePtr type = argument.type();
  const bool optional = type->kind() == c10::TypeKind::OptionalType;
  if (optional) type = type->castRaw<c10::OptionalType>()->getElementType();
  const auto wanted = type->kind();
  static const char* const kinds[] = {"nothing", "a tensor", "an integer", "a number", "a bool", "a list of tensors", "a list of integers", "a list of numbers", "a text", "a device"};
  TORCH_CHECK(v.kind == None ? optional : fits(v.kind, wanted), "argument '", argument.name(), "' takes ", argument.type()->str(), ", got ", v.kind >= 0 && v.kind <= DeviceValue ? kinds[v.kind] : "an unknown kind");
  switch (v.kind) {
    case None: return c10::IValue();
    case TensorValue: return from_handle(v.p);
    case Int:
      if (wanted == c10::TypeKind::FloatType) return c10::IValue(double(v.i));
      return c10::IValue(v.i);
    case Double: return c10::IValue(v.d);
    case Bool: return c10::IValue(v.i != 0);
    case Tensors: return tensor_list(v, type);
    case Ints: return c10::IValue(std::vector<int64_t>(static_cast<int64_t*>(v.p), static_cast<int64_t*>(v.p) + v.count));
    case Doubles: return c10::IValue(std::vector<double>(static_cast<double*>(v.p), static_cast<double*>(v.p) + v.count));
    case Text: return c10::IValue(std::string(static_cast<char*>(v.p), size_t(v.count)));
    case DeviceValue: return c10::IValue(c10::Device(static_cast<c10::DeviceType>(v.i), static_cast<c10::DeviceIndex>(v.count)));
  }
  TORCH_CHECK(false, "argument kind ", v.kind, " is not known to the shim");
}

// Lists of tensors count as that many results.
void flatten(const c10::IValue& value, std::vector<c10::IValue>& flat) {
  if (value.isTensorList()) for (const at::Tensor& t : value.toTensorVector()) flat.emplace_back(t);
  else {
    TORCH_CHECK(value.isTensor() || value.isInt() || value.isDouble() || value.isBool() || value.isNone(), "a result of type ", value.tagKind(), " is not known to the shim");
    flat.push_back(value);
  }
}

void put(const c10::IValue& value, Value& out) {
  out.count = 0;
  if (value.isTensor()) { out.kind = TensorValue; out.p = to_handle(value.toTensor()); }
  else if (value.isInt()) { out.kind = Int; out.i = value.toInt(); }
  else if (value.isDouble()) { out.kind = Double; out.d = value.toDouble(); }
  else if (value.isBool()) { out.kind = Bool; out.i = value.toBool(); }
  else { out.kind = None; out.p = nullptr; }
}

#ifdef TUTTI_CUDA
// The limits that were set, by GPU: libtorch's allocator keeps them and does not tell. Set and read by one thread, between updates.
std::map<int32_t, int64_t>& cuda_limits() {
  static std::map<int32_t, int64_t> limits;
  return limits;
}
#endif

}  // namespace tutti

using namespace tutti;

TUTTI_API int32_t tutti_start(int32_t threads) {
  return guard([&] {
    install_allocator();
    if (threads > 0) at::set_num_threads(threads);
  });
}
TUTTI_API const char* tutti_error() { return last_error().c_str(); }
TUTTI_API void tutti_set_error(const char* text) { last_error() = text; }
TUTTI_API const char* tutti_version() { return TORCH_VERSION; }
TUTTI_API int32_t tutti_threads() { return at::get_num_threads(); }
TUTTI_API int32_t tutti_set_threads(int32_t n) {
  return guard([&] { at::set_num_threads(n); });
}
TUTTI_API int32_t tutti_info(char* out, int32_t capacity) {
  return guard([&] {
    const std::string text = at::get_parallel_info() + "\n" + at::show_config();
    std::strncpy(out, text.c_str(), size_t(capacity - 1));
    out[capacity - 1] = 0;
  });
}

// ---- operators

// An operator's handle, or null where this libtorch does not have it.
TUTTI_API void* tutti_op(const char* name, const char* overload) {
  return value_or<void*>(nullptr, [&]() -> void* {
    auto found = c10::Dispatcher::singleton().findSchema({name, overload});
    return found ? new c10::OperatorHandle(*found) : nullptr;
  });
}
TUTTI_API int32_t tutti_op_schema(void* handle, char* out, int32_t capacity) {
  return guard([&] {
    std::strncpy(out, toString(op(handle).schema()).c_str(), size_t(capacity - 1));
    out[capacity - 1] = 0;
  });
}

TUTTI_API int32_t tutti_call(void* handle, const Value* args, int32_t count, Value* results, int32_t capacity, int32_t* used) {
  return guard([&] {
    const auto& schema = op(handle).schema().arguments();
    TORCH_CHECK(size_t(count) <= schema.size(), "got ", count, " arguments, the operator takes ", schema.size());
    torch::jit::Stack stack;
    stack.reserve(schema.size());
    for (size_t i = 0; i < schema.size(); i++) {
      if (i < size_t(count)) stack.push_back(to_ivalue(args[i], schema[i]));
      else {
        TORCH_CHECK(schema[i].default_value().has_value(), "argument '", schema[i].name(), "' is missing and has no default");
        stack.push_back(*schema[i].default_value());
      }
    }
    op(handle).callBoxed(&stack);
    // Everything is checked before the first handle leaves, so that a failure leaves no handle behind.
    std::vector<c10::IValue> flat;
    for (const auto& value : stack) flatten(value, flat);
    TORCH_CHECK(flat.size() <= size_t(capacity), "the operator gave ", flat.size(), " results, the caller has room for ", capacity);
    *used = int32_t(flat.size());
    for (size_t i = 0; i < flat.size(); i++) put(flat[i], results[i]);
  });
}

// ---- tensors

TUTTI_API int32_t tutti_tensor_new(int32_t dtype, const int64_t* sizes, int32_t dims, int32_t device, int32_t index, void** out) {
  return guard([&] {
    const auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)).device(static_cast<c10::DeviceType>(device), static_cast<c10::DeviceIndex>(index));
    *out = to_handle(at::empty(at::IntArrayRef(sizes, size_t(dims)), options));
  });
}
TUTTI_API void tutti_tensor_free(void* handle) {
  c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(static_cast<c10::TensorImpl*>(handle));
}
// sizes must have room for 16 values; info: dims, dtype, device type, device index, requires grad, contiguous, sparse.
TUTTI_API void tutti_tensor_info(void* handle, int64_t* sizes, int32_t* info) {
  const auto* t = static_cast<c10::TensorImpl*>(handle);
  info[0] = int32_t(std::min<int64_t>(t->dim(), 16));
  for (int32_t i = 0; i < info[0]; i++) sizes[i] = t->sizes()[size_t(i)];
  info[1] = int32_t(c10::typeMetaToScalarType(t->dtype()));
  info[2] = int32_t(t->device().type());
  info[3] = t->device().index();
  info[4] = t->requires_grad();
  info[5] = t->layout() == at::kStrided && t->is_contiguous();
  info[6] = t->layout() == at::kSparse;
}
TUTTI_API void* tutti_tensor_data(void* handle) {
  return value_or<void*>(nullptr, [&] { return from_handle(handle).data_ptr(); });
}
TUTTI_API void* tutti_tensor_alias(void* handle) { return to_handle(from_handle(handle)); }

// ---- autograd

TUTTI_API int32_t tutti_requires_grad(void* handle, int32_t on) {
  return guard([&] { from_handle(handle).set_requires_grad(on != 0); });
}
TUTTI_API void* tutti_grad(void* handle) {
  return value_or<void*>(nullptr, [&] { return to_handle(from_handle(handle).grad()); });
}
TUTTI_API int32_t tutti_set_grad(void* handle, void* grad) {
  return guard([&] { from_handle(handle).mutable_grad() = from_handle(grad); });
}

// ---- modes

TUTTI_API int32_t tutti_grad_mode(int32_t on) {
  const bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(on != 0);
  return before;
}
// Turns autocast on (a floating dtype) or off (-1) for a device type of this thread; `before` gets what it was, in the same terms.
// The casts of weights are kept between micro-batches; tutti_autocast_clear drops them once per update.
TUTTI_API int32_t tutti_autocast(int32_t device, int32_t dtype, int32_t* before) {
  return guard([&] {
    const bool on = dtype >= 0;
    const auto type = static_cast<c10::DeviceType>(device);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    *before = at::autocast::is_autocast_enabled(type) ? int32_t(at::autocast::get_autocast_dtype(type)) : -1;
    at::autocast::set_autocast_enabled(type, on);
    if (on) at::autocast::set_autocast_dtype(type, static_cast<at::ScalarType>(dtype));
#else
    if (type == c10::DeviceType::CPU) {
      *before = at::autocast::is_cpu_enabled() ? int32_t(at::autocast::get_autocast_cpu_dtype()) : -1;
      at::autocast::set_cpu_enabled(on);
      if (on) at::autocast::set_autocast_cpu_dtype(static_cast<at::ScalarType>(dtype));
    } else {
      *before = at::autocast::is_enabled() ? int32_t(at::autocast::get_autocast_gpu_dtype()) : -1;
      at::autocast::set_enabled(on);
      if (on) at::autocast::set_autocast_gpu_dtype(static_cast<at::ScalarType>(dtype));
    }
#endif
  });
}
// weights: also those that linear layers keep, which are never stale (casts.h).
TUTTI_API void tutti_autocast_clear(int32_t weights) {
  at::autocast::clear_cache();
  if (weights) drop_casts();
}
// Whether CUDA may compute float32 products in TF32, of the whole process; gives what it was.
TUTTI_API int32_t tutti_tf32(int32_t on) {
  return value_or<int32_t>(0, [&] {
    const bool before = at::globalContext().allowTF32CuBLAS();
    at::globalContext().setAllowTF32CuBLAS(on != 0);
    return int32_t(before);
  });
}

// ---- devices

TUTTI_API int32_t tutti_cuda_count() {
  return value_or<int32_t>(0, [] { return at::hasCUDA() ? int32_t(at::detail::getCUDAHooks().getNumGPUs()) : 0; });
}
// out: bytes in use, peak, cached, limit (-1: none), as tutti_memory_stats says for the CPU.
TUTTI_API int32_t tutti_cuda_memory(int32_t index, int64_t* out, int32_t reset_peak) {
  return guard([&] {
#ifdef TUTTI_CUDA
    const auto device = static_cast<c10::DeviceIndex>(index);
    const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(device);
    out[0] = stats.allocated_bytes[0].current;
    out[1] = stats.allocated_bytes[0].peak;
    out[2] = stats.reserved_bytes[0].current - out[0];
    const auto limit = cuda_limits().find(index);
    out[3] = limit == cuda_limits().end() ? -1 : limit->second;
    if (reset_peak) c10::cuda::CUDACachingAllocator::resetPeakStats(device);
#else
    TORCH_CHECK(false, "this build of the engine has no CUDA");
#endif
  });
}
TUTTI_API int32_t tutti_cuda_trim() {
  return guard([&] {
#ifdef TUTTI_CUDA
    c10::cuda::CUDACachingAllocator::emptyCache();
#endif
  });
}

// Limits what tensors of a GPU may take (0 leaves the limit as it is; more than the GPU has is no limit); total: the bytes of its memory.
TUTTI_API int32_t tutti_cuda_limit(int32_t index, int64_t bytes, int64_t* total) {
  return guard([&] {
#ifdef TUTTI_CUDA
    const auto device = static_cast<c10::DeviceIndex>(index);
    c10::cuda::CUDAGuard on(device);
    size_t free = 0, all = 0;
    TORCH_CHECK(cudaMemGetInfo(&free, &all) == cudaSuccess, "the GPU does not say how much memory it has");
    *total = int64_t(all);
    if (bytes == 0) return;
    const double share = std::min(1.0, double(bytes) / double(all));
    c10::cuda::CUDACachingAllocator::setMemoryFraction(share, device);
    cuda_limits()[index] = share < 1 ? bytes : -1;
#else
    TORCH_CHECK(false, "this build of the engine has no CUDA");
#endif
  });
}

// ---- generators

TUTTI_API int32_t tutti_seed(uint64_t seed) {
  return guard([&] { at::manual_seed(seed); });
}
// The state of the default generator of a device as a byte tensor; set with tutti_generator_restore.
TUTTI_API int32_t tutti_generator_state(int32_t device, int32_t index, void** out) {
  return guard([&] {
    const auto& gen = at::globalContext().defaultGenerator(c10::Device(static_cast<c10::DeviceType>(device), static_cast<c10::DeviceIndex>(index)));
    *out = to_handle(gen.get_state());
  });
}
TUTTI_API int32_t tutti_generator_restore(int32_t device, int32_t index, void* state) {
  return guard([&] {
    auto gen = at::globalContext().defaultGenerator(c10::Device(static_cast<c10::DeviceType>(device), static_cast<c10::DeviceIndex>(index)));
    gen.set_state(from_handle(state));
  });
}
