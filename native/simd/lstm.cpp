// One step of an LSTM: its product with the recurrent weight, in register tiles over weights that are packed once for all steps, and what the
// gates do with it while the sums lie in the first cache.
#include "lstm.h"
#include "product.h"

namespace tutti::simd::TUTTI_SIMD {

namespace {

constexpr int gates = 4;
constexpr int together = panel_vectors < gates ? panel_vectors : gates;  // gates of one tile
constexpr int64_t rows_at_once = 96;                                     // of a panel: their sums stay in the first cache

template <class T> inline Floats some(const T* from, int64_t there) {
  if (there >= lanes) return read(from);
  T in[lanes] = {};
  for (int64_t i = 0; i < there; i++) in[i] = from[i];
  return read(in);
}
template <class T> inline void some(T* to, Floats x, int64_t there) {
  if (there >= lanes) return write(to, x);
  T out[lanes];
  write(out, x);
  for (int64_t i = 0; i < there; i++) to[i] = out[i];
}

// Both from e^-|x|, which cannot overflow; absolute errors of one unit in the last place of 1.
inline Floats sigmoid(Floats x) {
  const Floats e = exp2((x < 0.f ? x : -x) * 1.44269504f), one = 1.f / (1.f + e);
  return x < 0.f ? e * one : one;
}
inline Floats tanh(Floats x) {
  const Floats e = exp2((x < 0.f ? x : -x) * 2.88539008f), t = (1.f - e) / (1.f + e);
  return x < 0.f ? -t : t;
}

// Panels of nearly the same width; an even number of them, so that two threads have the same work.
inline int64_t panels(int64_t units) {
  const int64_t vectors = vectors_of(units), count = (vectors + panel_vectors - 1) / panel_vectors;
  return count > 1 && count % 2 == 1 && count < vectors ? count + 1 : count;
}
struct Panel { int64_t first, width; };  // in vectors
inline Panel panel(int64_t units, int64_t i) {
  const int64_t vectors = vectors_of(units), count = panels(units), least = vectors / count, wider = vectors % count;
  return {i * least + (i < wider ? i : wider), least + (i < wider)};
}
template <class T> int64_t words(int64_t units) { return gates * packed_words(steps_of<T>(units), units); }

// ---- forward: a vector of units has the columns of its four gates side by side

template <class T> void pack_forward(const void* w, int64_t units, int64_t begin, int64_t end, uint32_t* to) {
  const int64_t steps = steps_of<T>(units);
  for (int64_t u = begin; u < end; u++)
    for (int g = 0; g < gates; g++) {
      const int64_t there = units - u * lanes < lanes ? units - u * lanes : lanes;
      const T* const rows = static_cast<const T*>(w) + (g * units + u * lanes) * units;
      uint32_t* const tile = to + (u * gates + g / together * together) * lanes * steps;
      for (int64_t step = 0; step < steps; step += lanes) {
        const int64_t many = steps - step < lanes ? steps - step : lanes, behind = units - step * per_step<T>;
        const size_t bytes = behind < lanes * per_step<T> ? size_t(behind) * sizeof(T) : sizeof(Words);
        Words block[lanes] = {};
        for (int64_t i = 0; i < there; i++) __builtin_memcpy(&block[i], rows + i * units + step * per_step<T>, bytes);
        transpose(block);
        for (int64_t i = 0; i < many; i++) put(tile + ((step + i) * together + g % together) * lanes, block[i]);
      }
    }
}

template <class T> inline void cell(const LstmForward& n, int64_t row, int64_t e, const float* sums) {
  const int64_t there = n.units - e;
  T* const at = static_cast<T*>(n.gates) + row * gates * n.units + e;
  const auto given = [&](int g) { return read(sums + g * lanes) + some(at + g * n.units, there); };
  const Floats in = sigmoid(given(0)), forget = sigmoid(given(1)), fresh = tanh(given(2)), out = sigmoid(given(3));
  const Floats c = forget * some(n.old + row * n.units + e, there) + in * fresh, h = out * tanh(c);
  some(at, in, there);
  some(at + n.units, forget, there);
  some(at + 2 * n.units, fresh, there);
  some(at + 3 * n.units, out, there);
  some(n.cells + row * n.units + e, c, there);
  some(n.outputs + row * n.units + e, h, there);
  if (row < n.next) some(static_cast<T*>(n.after) + row * n.units + e, h, there);
}

template <class T> void forward(const LstmForward& n, int64_t begin, int64_t end) {
  const int64_t steps = steps_of<T>(n.units), stride = n.units * int64_t(sizeof(T)), count = (n.rows + tile_rows<T> - 1) / tile_rows<T>;
  alignas(64) float sums[tile_rows<T> * gates * lanes];
  for (int64_t u = begin; u < end; u++)
    for (int64_t i = 0, m = 0; i < count; i++) {
      const int64_t many = (n.rows - m + count - i - 1) / (count - i);
      const Left left{static_cast<const char*>(n.before) + m * stride, stride, sizeof(uint32_t)};
      for (int g = 0; g < gates; g += together) tile_of<T, false, together>(many, left, n.weights + (u * gates + g) * lanes * steps, steps, sums + g * lanes, gates * lanes);
      for (int64_t r = 0; r < many; r++) cell<T>(n, m + r, u * lanes, sums + r * gates * lanes);
      m += many;
    }
}

// ---- backward: a sum over the four gates of all units, one gate after another

template <class T> void pack_backward(const void* w, int64_t units, int64_t begin, int64_t end, uint32_t* to) {
  const int64_t steps = steps_of<T>(units);
  for (int64_t i = begin; i < end; i++) {
    const auto [first, width] = panel(units, i);
    const int64_t column = first * lanes, behind = units - column;
    for (int g = 0; g < gates; g++)
      pack_down(static_cast<const T*>(w) + g * units * units + column, units, units, behind < width * lanes ? behind : width * lanes, to + (gates * first + g * width) * lanes * steps);
  }
}

template <class T> inline void slope(const LstmBackward& n, int64_t row, int64_t e, Floats product) {
  const int64_t there = n.units - e, at = row * n.units + e;
  Floats dh = row < n.later ? product : n.last == nullptr ? Floats{} : some(n.last + at, there);
  if (n.to == nullptr) return some(n.first + at, dh, there);
  if (n.outputs != nullptr) dh += some(n.outputs + at, there);
  const T* const now = static_cast<const T*>(n.gates) + row * gates * n.units + e;
  T* const to = static_cast<T*>(n.to) + row * gates * n.units + e;
  const Floats in = some(now, there), forget = some(now + n.units, there), fresh = some(now + 2 * n.units, there), out = some(now + 3 * n.units, there);
  const Floats shown = tanh(some(n.cells + at, there)), dc = some(n.carried + at, there) + dh * out * (1.f - shown * shown);
  some(to, dc * fresh * in * (1.f - in), there);
  some(to + n.units, dc * some(n.old + at, there) * forget * (1.f - forget), there);
  some(to + 2 * n.units, dc * in * (1.f - fresh * fresh), there);
  some(to + 3 * n.units, dh * shown * out * (1.f - out), there);
  some(n.carried + at, dc * forget, there);
}

template <class T> void backward(const LstmBackward& n, int64_t begin, int64_t end) {
  const int64_t steps = steps_of<T>(n.units), size = int64_t(sizeof(T)), stride = gates * n.units * size;
  alignas(64) float sums[rows_at_once * panel_vectors * lanes];
  for (int64_t i = begin; i < end; i++) {
    const auto [first, width] = panel(n.units, i);
    for (int64_t m = 0; m < n.rows; m += rows_at_once) {
      const int64_t many = n.rows - m < rows_at_once ? n.rows - m : rows_at_once, used = n.later - m < many ? n.later - m : many;
      for (int g = 0; g < gates && used > 0; g++)
        product<T>(g > 0, Left{static_cast<const char*>(n.behind) + m * stride + g * n.units * size, stride, sizeof(uint32_t)}, used,
                   n.weights + (gates * first + g * width) * lanes * steps, steps, width * lanes, sums, width * lanes);
      for (int64_t r = 0; r < many; r++)
        for (int64_t v = 0; v < width; v++) slope<T>(n, m + r, (first + v) * lanes, r < used ? read(sums + (r * width + v) * lanes) : Floats{});
    }
  }
}

}  // namespace

const Lstm lstm{{vectors_of, panels, words<float>, pack_forward<float>, forward<float>, pack_backward<float>, backward<float>},
                {vectors_of, panels, words<bf16>, pack_forward<bf16>, forward<bf16>, pack_backward<bf16>, backward<bf16>}};

}  // namespace tutti::simd::TUTTI_SIMD
