#include "entropy.h"
#include "vector.h"

namespace tutti::simd::TUTTI_SIMD {

namespace {

constexpr float log2_e = 1.44269504f;

template <class T> void rows(const EntropyRows& n, int64_t begin, int64_t end) {
  const int64_t whole = n.classes / lanes * lanes, rest = n.classes - whole;
  for (int64_t r = begin; r < end; r++) {
    float* const row = n.logits + r * n.classes;
    Floats found = all(row[0]);
    float top = row[0];
    for (int64_t e = 0; e < whole; e += lanes) {
      const Floats x = read(row + e);
      found = x > found ? x : found;
    }
    for (int64_t e = whole; e < n.classes; e++) top = row[e] > top ? row[e] : top;
    top = most(found) > top ? most(found) : top;
    const float wanted = row[n.targets[r]];
    // Eight sums a lane: rounding grows with the length of each.
    Floats sums[8] = {};
    const auto power = [&](Floats x) { return exp2((x - top) * log2_e); };
    for (int64_t e = 0; e < whole; e += lanes) {
      const Floats p = power(read(row + e));
      sums[e / lanes % 8] += p;
      write(row + e, p);
    }
    float total = 0;
    if (rest > 0) {
      float in[lanes] = {}, out[lanes];
      for (int64_t i = 0; i < rest; i++) in[i] = row[whole + i];
      write(out, power(read(in)));
      for (int64_t i = 0; i < rest; i++) total += row[whole + i] = out[i];
    }
    total += sum(((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])));
    n.most[r] = top, n.sums[r] = total, n.wanted[r] = wanted;
    if (n.gradients == nullptr) continue;
    T* const to = static_cast<T*>(n.gradients) + r * n.classes;
    const float scale = 1.f / total, target = row[n.targets[r]] * scale - 1.f;
    for (int64_t e = 0; e < whole; e += lanes) write(to + e, read(row + e) * scale);
    for (int64_t e = whole; e < n.classes; e++) store(to[e], row[e] * scale);
    store(to[n.targets[r]], target);
  }
}

}  // namespace

const Entropy entropy{rows<float>, rows<bf16>};

}  // namespace tutti::simd::TUTTI_SIMD
