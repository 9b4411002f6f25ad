// Compiled with reciprocals in place of divisions (CMakeLists.txt): an approximation and a step of Newton's, within a unit or two of the last place.
#include "rows.h"

namespace tutti::simd::TUTTI_SIMD {

namespace {

typedef float Block __attribute__((vector_size(row_block * sizeof(float))));

inline Block& block(float* p) { return *reinterpret_cast<Block*>(p); }
inline const Block& block(const float* p) { return *reinterpret_cast<const Block*>(p); }

float dot(const float* a, const float* b, int64_t n) {
  Block sums = block(a) * block(b);
  for (int64_t i = row_block; i < n; i += row_block) sums += block(a + i) * block(b + i);
  float sum = 0;
  for (int64_t lane = 0; lane < row_block; lane++) sum += sums[lane];
  return sum;
}

void add(float* to, const float* x, float factor, int64_t n) {
  for (int64_t i = 0; i < n; i += row_block) block(to + i) += block(x + i) * factor;
}

// Whether no coming step changes a weight of the block by as much as 1e-9: moments shrink faster than their roots, so each step moves less than the one before.
inline bool at_rest(const Block& m, const Block& s, const RowSteps& all) {
  const Block most = (m < 0 ? -m : m) * (all.largest * 1e9f), least = s + all.eps;  // grow is never below 1
  const auto moving = most > least;
  int any = 0;
  for (int64_t lane = 0; lane < row_block; lane++) any |= moving[lane];
  return any == 0;
}

void coast(float* w, float* m, float* s, int64_t n, const RowSteps& all, int64_t from, int64_t to) {
  constexpr int64_t often = 16;  // steps between two looks at whether anything moves
  const float root = __builtin_sqrtf(all.beta2);
  for (int64_t i = 0; i < n; i += row_block) {
    Block a = block(w + i), b = block(m + i), c = block(s + i);
    int64_t at = from;
    // A short way is not worth a look.
    while (at < to && (to - at < often || !at_rest(b, c, all))) {
      const int64_t end = to - at < often ? to : at + often;
      for (; at < end; at++) {
        const RowStep& step = all.steps[at];
        b *= step.beta1;
        c *= root;
        a = a * step.keep - b * step.size / (c * step.grow + all.eps);
      }
    }
    if (at < to) {
      a *= float(__builtin_exp(all.keep_logs[to] - all.keep_logs[at]));
      b *= float(__builtin_exp(all.beta1_logs[to] - all.beta1_logs[at]));
      c *= float(__builtin_exp(0.5 * __builtin_log(double(all.beta2)) * double(to - at)));
    }
    block(w + i) = a;
    block(m + i) = b;
    block(s + i) = c;
  }
}

void step(float* w, float* m, float* s, const float* g, int64_t n, const RowSteps& all, int64_t at) {
  const RowStep& step = all.steps[at];
  constexpr float least = 1e-30f;  // an approximate root needs a normal number
  const float rest1 = 1 - step.beta1, rest2 = 1 - all.beta2;
  for (int64_t i = 0; i < n; i += row_block) {
    const Block grad = block(g + i), sum = block(s + i) * block(s + i) * all.beta2 + grad * grad * rest2;
    const Block v = sum < least ? sum * 0 : sum;
    Block root;
    for (int64_t lane = 0; lane < row_block; lane++) root[lane] = __builtin_sqrtf(v[lane]);
    const Block moment = block(m + i) * step.beta1 + grad * rest1;
    block(w + i) = block(w + i) * step.keep - moment * step.size / (root * step.grow + all.eps);
    block(m + i) = moment;
    block(s + i) = root;
  }
}

}  // namespace

const RowKernels row_kernels = {dot, add, coast, step};

}  // namespace tutti::simd::TUTTI_SIMD
