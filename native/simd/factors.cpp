#include "factors.h"
#include "vector.h"

namespace tutti::simd::TUTTI_SIMD {

namespace {

constexpr int64_t ahead = 6;  // ratings: how early rows are asked for

// The sum of a vector, by halves.
template <int Distance, int... Lane> inline Floats crossed(Floats x, std::integer_sequence<int, Lane...>) { return __builtin_shufflevector(x, x, (Lane ^ Distance)...); }
template <int Distance = lanes / 2> inline float folded(Floats x) {
  const Floats sum = x + crossed<Distance>(x, std::make_integer_sequence<int, lanes>());
  if constexpr (Distance > 1) return folded<Distance / 2>(sum);
  else return sum[0];
}

inline float sigmoid(float x) {
  const float below = x < -80.f ? -80.f : x;  // e^80 is still a number
  return 1.f / (1.f + exp2(all(below * -1.44269504f))[0]);
}

inline void prefetch(const float* row, int64_t width) {
#pragma GCC unroll 4
  for (int64_t f = 0; f < width; f += factor_block) __builtin_prefetch(row + f, 1);
}

// The rows of a rating while they are worked on: in registers where the number of vectors is known when this is compiled, else in memory.
template <int Vectors> struct Pair {
  Floats p[Vectors], q[Vectors];
  Pair(const float* user, const float* item, int64_t) {
    for (int i = 0; i < Vectors; i++) {
      p[i] = read(user + i * lanes);
      q[i] = read(item + i * lanes);
    }
  }
  float dot() const {
    Floats sums[2] = {p[0] * q[0], Floats{}};
    for (int i = 1; i < Vectors; i++) sums[i % 2] += p[i] * q[i];
    return folded(sums[0] + sums[1]);
  }
  void move(float* user, float* item, float step, float keep_user, float keep_item) const {
    for (int i = 0; i < Vectors; i++) {
      write(user + i * lanes, p[i] * keep_user + q[i] * step);
      write(item + i * lanes, q[i] * keep_item + p[i] * step);
    }
  }
};

template <> struct Pair<0> {
  const float *user, *item;
  int64_t width;
  Pair(const float* user, const float* item, int64_t width) : user(user), item(item), width(width) {}
  float dot() const {
    Floats sum{};
    for (int64_t f = 0; f < width; f += lanes) sum += read(user + f) * read(item + f);
    return folded(sum);
  }
  void move(float* to_user, float* to_item, float step, float keep_user, float keep_item) const {
    for (int64_t f = 0; f < width; f += lanes) {
      const Floats p = read(user + f), q = read(item + f);
      write(to_user + f, p * keep_user + q * step);
      write(to_item + f, q * keep_item + p * step);
    }
  }
};

template <int Vectors> double steps_of(const FactorTables& tables, const FactorRating* ratings, int64_t count, float rate, float bias_rate) {
  const FactorTables t = tables;  // its own, which no write to a row can change
  const int64_t width = Vectors > 0 ? Vectors * lanes : t.width;
  double squares = 0;
  const float keep = 1.f - rate * t.penalty, keep_bias = 1.f - bias_rate * t.bias_penalty;
  for (int64_t n = 0; n < count; n++) {
    if (n + ahead < count) {
      prefetch(t.users + ratings[n + ahead].user * width, width);
      prefetch(t.items + ratings[n + ahead].item * width, width);
    }
    const int64_t u = ratings[n].user, i = ratings[n].item;
    float *const user = t.users + u * width, *const item = t.items + i * width;
    const Pair<Vectors> rows(user, item, width);
    const float sum = t.offset + t.user_bias[u] + t.item_bias[i] + rows.dot();
    float predicted = sum, slope = 1;
    if (t.span != 0) {
      const float s = sigmoid(sum);
      predicted = t.low + t.span * s;
      slope = t.span * s * (1.f - s);
    }
    const float error = ratings[n].value - predicted, down = error * slope;
    squares += double(error) * double(error);
    t.user_bias[u] = (keep_bias - bias_rate * t.user_share[u]) * t.user_bias[u] + bias_rate * down;
    t.item_bias[i] = (keep_bias - bias_rate * t.item_share[i]) * t.item_bias[i] + bias_rate * down;
    rows.move(user, item, rate * down, keep - rate * t.user_share[u], keep - rate * t.item_share[i]);
  }
  return squares;
}

double steps(const FactorTables& t, const FactorRating* ratings, int64_t count, float rate, float bias_rate) {
  switch (t.width / factor_block) {
    case 1: return steps_of<factor_block / lanes>(t, ratings, count, rate, bias_rate);
    case 2: return steps_of<2 * factor_block / lanes>(t, ratings, count, rate, bias_rate);
    case 3: return steps_of<3 * factor_block / lanes>(t, ratings, count, rate, bias_rate);
    case 4: return steps_of<4 * factor_block / lanes>(t, ratings, count, rate, bias_rate);
    default: return steps_of<0>(t, ratings, count, rate, bias_rate);
  }
}

}  // namespace

const FactorKernels factor_kernels = {steps};

}  // namespace tutti::simd::TUTTI_SIMD
