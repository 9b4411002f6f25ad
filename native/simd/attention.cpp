#include "attention.h"
#include "mix.h"
#include "product.h"

namespace tutti::simd::TUTTI_SIMD {
namespace {

constexpr int64_t block_rows = 48, chunk = 2 * lanes;  // chunk: what one vector of random bits decides
constexpr float log2_e = 1.44269504f, infinity = __builtin_inff();

// Query rows that are worked on at a time, so that their scores against all keys stay in a near cache.
inline int64_t rows_at_once(int64_t length) {
  const int64_t blocks = (length + block_rows - 1) / block_rows;
  if (blocks == 0) return 0;
  return ((length + blocks - 1) / blocks + 5) / 6 * 6;
}

// Cuts a thread's scratch into arrays; from null it only counts.
struct Cut {
  char* base;
  int64_t bytes = 0;
  template <class T> T* take(int64_t count) {
    char* const at = base + bytes;
    bytes += (count * int64_t(sizeof(T)) + 63) / 64 * 64;
    return reinterpret_cast<T*>(at);
  }
};

// L keys, D channels of the head, R rows at once; `ld` is the room of a row of scores, `width` that of a row of channels.
template <class T> struct Room {
  int64_t L, D, R, ld, width;
  Cut cut;
  uint32_t *keys, *values;                              // packed: scores sum over channels
  T* copy;                                              // of rows whose channels do not fill the last step
  float *scores, *channels;
  Room(int64_t length, int64_t size, char* scratch) : L(length), D(size), R(rows_at_once(length)), ld((length + chunk - 1) / chunk * chunk), width(vectors_of(size) * lanes), cut{scratch} {
    keys = cut.take<uint32_t>(packed_words(steps_of<T>(D), L));
    scores = cut.take<float>(R * ld);
    channels = cut.take<float>(R * width);
    copy = cut.take<T>(D % per_step<T> == 0 ? 0 : R * (D + 1));
  }
  // Rows of the tensor as left operand.
  Left left(const T* x, int64_t stride, int64_t rows) const {
    if (D % per_step<T> == 0) return {reinterpret_cast<const char*>(x), stride * int64_t(sizeof(T)), 4};
    for (int64_t r = 0; r < rows; r++) {
      __builtin_memcpy(copy + r * (D + 1), x + r * stride, size_t(D) * sizeof(T));
      copy[r * (D + 1) + D] = T{};
    }
    return {reinterpret_cast<const char*>(copy), (D + 1) * int64_t(sizeof(T)), 4};
  }
};

template <class T> struct ForwardRoom : Room<T> {
  T* shares;
  ForwardRoom(int64_t length, int64_t size, char* scratch) : Room<T>(length, size, scratch) {
    this->values = this->cut.template take<uint32_t>(packed_words(steps_of<T>(length), size));
    shares = is_pair<T> ? this->cut.template take<T>(this->R * this->ld) : reinterpret_cast<T*>(this->scores);
  }
};

template <class T> struct BackwardRoom : Room<T> {
  uint32_t *key_rows, *query_rows, *grad_rows;          // packed: gradients sum over keys and over queries
  float *grads, *grad_key, *grad_value;                 // of shares; of all keys and values, summed over blocks of queries
  T* grad_scores;                                       // row by row
  uint32_t *shares, *grad_pairs;                        // after dropout, and the gradients of scores: by steps of rows
  BackwardRoom(int64_t length, int64_t size, char* scratch) : Room<T>(length, size, scratch) {
    auto& cut = this->cut;
    const int64_t across = packed_words(steps_of<T>(size), length), down = packed_words(steps_of<T>(length), size), block = packed_words(steps_of<T>(this->R), size), area = this->R * this->ld;
    this->values = cut.template take<uint32_t>(across);
    key_rows = cut.template take<uint32_t>(down);
    query_rows = cut.template take<uint32_t>(block);
    grad_rows = cut.template take<uint32_t>(block);
    grads = cut.template take<float>(area);
    shares = cut.template take<uint32_t>(area / per_step<T>);
    grad_scores = is_pair<T> ? cut.template take<T>(area) : reinterpret_cast<T*>(grads);
    grad_pairs = is_pair<T> ? cut.template take<uint32_t>(area / 2) : reinterpret_cast<uint32_t*>(grads);
    grad_key = cut.template take<float>(length * this->width);
    grad_value = cut.template take<float>(length * this->width);
  }
};

// Which elements of a row are kept, a chunk at a time.
class Mask {
 public:
  Mask(const AttentionHead& h, int64_t position) : threshold_(h.threshold) {
    const uint64_t start = row_start(h.mask_key, h.row | uint64_t(position));
    uint64_t counters[lanes / 2];
    for (int i = 0; i < lanes / 2; i++) counters[i] = start + golden * uint64_t(i + 1);
    next_ = get<Longs>(counters);
  }
  // All ones where an element is kept.
  void draw(Ints& first, Ints& second) {
    const Longs drawn = mix(next_);
    next_ += golden * uint64_t(lanes / 2);
    Shorts halves[2];
    __builtin_memcpy(halves, &drawn, sizeof drawn);
    first = __builtin_convertvector(halves[0], Words) >= threshold_;
    second = __builtin_convertvector(halves[1], Words) >= threshold_;
  }

 private:
  Longs next_;
  uint32_t threshold_;
};

// Scores behind the last key count as minus infinity.
inline void close(float* scores, int64_t from, int64_t to) {
  for (int64_t l = from; l < to; l++) scores[l] = -infinity;
}

// Scores to shares that are not yet divided by their sum; `weight` gets the logarithm of that. Gives what to multiply the context with.
template <class T, bool Drop> float soften(const AttentionHead& h, float* scores, int64_t ld, T* shares, int64_t position) {
  close(scores, h.length, ld);
  Floats high[2] = {all(-infinity), all(-infinity)};
  for (int64_t l = 0; l < ld; l += chunk)
    for (int i = 0; i < 2; i++) {
      const Floats s = get<Floats>(scores + l + i * lanes);
      high[i] = s > high[i] ? s : high[i];
    }
  const float scale = h.scale * log2_e, top = most(high[0] > high[1] ? high[0] : high[1]) * scale;
  Floats total[2] = {};
  Mask mask(h, position);
  for (int64_t l = 0; l < ld; l += chunk) {
    Floats e[2];
    for (int i = 0; i < 2; i++) {
      e[i] = exp2(get<Floats>(scores + l + i * lanes) * scale - top);
      total[i] += e[i];
    }
    if constexpr (Drop) {
      Ints kept[2];
      mask.draw(kept[0], kept[1]);
      for (int i = 0; i < 2; i++) e[i] = kept[i] ? e[i] : Floats{};
    }
    if constexpr (is_pair<T>) put_narrow(shares + l, e[0], e[1]);
    else for (int i = 0; i < 2; i++) put(shares + l + i * lanes, e[i]);
  }
  const float whole = sum(total[0] + total[1]);
  h.weight[position * h.weight_stride] = top + __builtin_log2f(whole);
  return (Drop ? h.factor : 1.f) / whole;
}

template <class T> void write(T* to, const float* from, int64_t count, float factor) {
  for (int64_t i = 0; i < count; i++) store(to[i], from[i] * factor);
}

template <class T, bool Drop> void forward(const AttentionHead& h) {
  const ForwardRoom<T> room(h.length, h.size, h.scratch);
  const auto* const query = static_cast<const T*>(h.query);
  auto* const context = static_cast<T*>(h.context);
  pack_across(static_cast<const T*>(h.key), h.key_stride, room.L, room.D, room.keys);
  pack_down(static_cast<const T*>(h.value), h.value_stride, room.L, room.D, room.values);
  const Left shares{reinterpret_cast<const char*>(room.shares), room.ld * int64_t(sizeof(T)), 4};
  float factors[block_rows];
  for (int64_t first = 0; first < h.queries; first += room.R) {
    const int64_t rows = h.queries - first < room.R ? h.queries - first : room.R;
    product<T, false>(room.left(query + first * h.query_stride, h.query_stride, rows), rows, room.keys, steps_of<T>(room.D), room.L, room.scores, room.ld);
    for (int64_t r = 0; r < rows; r++) factors[r] = soften<T, Drop>(h, room.scores + r * room.ld, room.ld, room.shares + r * room.ld, first + r);
    product<T, false>(shares, rows, room.values, steps_of<T>(room.L), room.D, room.channels, room.width);
    for (int64_t r = 0; r < rows; r++) write(context + (first + r) * h.context_stride, room.channels + r * room.width, room.D, factors[r]);
  }
}

// Rows that make one step of the products over queries: the shares are computed again (after dropout for the values' gradient), then the
// gradients of the scores, shares * (their gradient - the row's mean of those). A row that is missing counts as zeros.
template <class T, bool Drop> void weigh(const AttentionHead& h, const BackwardRoom<T>& room, int64_t first, int64_t row, int64_t rows) {
  constexpr int G = per_step<T>;
  const float scale = h.scale * log2_e;
  const int64_t there = rows - row < G ? rows - row : G;
  float *scores[G], *grads[G], weight[G] = {}, mean[G] = {};
  Floats total[G] = {};
  Mask masks[2] = {Mask(h, first + row), Mask(h, first + row + G - 1)};
  for (int g = 0; g < G; g++) {
    scores[g] = room.scores + (row + g) * room.ld;
    grads[g] = room.grads + (row + g) * room.ld;
    close(scores[g], g < there ? h.length : 0, room.ld);  // there is room: blocks have an even number of rows
    if (g < there) weight[g] = h.weight[(first + row + g) * h.weight_stride];
    for (int64_t l = g < there ? h.length : 0; l < room.ld; l++) grads[g][l] = 0;
  }
  uint32_t* const shares = room.shares + row / G * room.ld;
  for (int64_t l = 0; l < room.ld; l += chunk) {
    Floats kept_share[G][2];
    for (int g = 0; g < G; g++) {
      Ints kept[2];
      if constexpr (Drop) masks[g].draw(kept[0], kept[1]);
      for (int i = 0; i < 2; i++) {
        const Floats share = exp2(get<Floats>(scores[g] + l + i * lanes) * scale - weight[g]);
        Floats grad = get<Floats>(grads[g] + l + i * lanes);
        kept_share[g][i] = share;
        if constexpr (Drop) {
          kept_share[g][i] = kept[i] ? share : Floats{};
          grad = kept[i] ? grad * h.factor : Floats{};
          put(grads[g] + l + i * lanes, grad);
        }
        total[g] += share * grad;
        put(scores[g] + l + i * lanes, share);
      }
    }
    for (int i = 0; i < 2; i++)
      if constexpr (is_pair<T>) put(shares + l + i * lanes, pairs(kept_share[0][i], kept_share[G - 1][i]));
      else put(shares + l + i * lanes, kept_share[0][i]);
  }
  for (int g = 0; g < G; g++) mean[g] = sum(total[g]);
  for (int64_t l = 0; l < room.ld; l += chunk) {
    Floats grad[G][2];
    for (int g = 0; g < G; g++) {
      for (int i = 0; i < 2; i++) grad[g][i] = get<Floats>(scores[g] + l + i * lanes) * (get<Floats>(grads[g] + l + i * lanes) - mean[g]);
      T* const to = room.grad_scores + (row + g) * room.ld + l;
      if constexpr (is_pair<T>) put_narrow(to, grad[g][0], grad[g][1]);
      else for (int i = 0; i < 2; i++) put(to + i * lanes, grad[g][i]);
    }
    if constexpr (is_pair<T>)
      for (int i = 0; i < 2; i++) put(room.grad_pairs + row / G * room.ld + l + i * lanes, pairs(grad[0][i], grad[G - 1][i]));
  }
}

template <class T, bool Drop> void backward(const AttentionHead& h) {
  const BackwardRoom<T> room(h.length, h.size, h.scratch);
  const auto *const query = static_cast<const T*>(h.query), *const key = static_cast<const T*>(h.key), *const value = static_cast<const T*>(h.value), *const grad = static_cast<const T*>(h.grad);
  const int64_t L = room.L, D = room.D, ld = room.ld, width = room.width, channel_steps = steps_of<T>(D);
  pack_across(key, h.key_stride, L, D, room.keys);
  pack_across(value, h.value_stride, L, D, room.values);
  pack_down(key, h.key_stride, L, D, room.key_rows);
  const Left grad_scores{reinterpret_cast<const char*>(room.grad_scores), ld * int64_t(sizeof(T)), 4};
  const Left grad_pairs{reinterpret_cast<const char*>(room.grad_pairs), 4, ld * 4}, shares{reinterpret_cast<const char*>(room.shares), 4, ld * 4};  // transposed
  for (int64_t first = 0; first < h.queries; first += room.R) {
    const int64_t rows = h.queries - first < room.R ? h.queries - first : room.R, row_steps = steps_of<T>(rows);
    product<T, false>(room.left(query + first * h.query_stride, h.query_stride, rows), rows, room.keys, channel_steps, L, room.scores, ld);
    product<T, false>(room.left(grad + first * h.grad_stride, h.grad_stride, rows), rows, room.values, channel_steps, L, room.grads, ld);
    for (int64_t r = 0; r < rows; r += per_step<T>) weigh<T, Drop>(h, room, first, r, rows);
    product<T, false>(grad_scores, rows, room.key_rows, steps_of<T>(L), D, room.channels, width);
    for (int64_t r = 0; r < rows; r++) write(static_cast<T*>(h.grad_query) + (first + r) * h.out_stride, room.channels + r * width, D, h.scale);
    pack_down(query + first * h.query_stride, h.query_stride, rows, D, room.query_rows);
    pack_down(grad + first * h.grad_stride, h.grad_stride, rows, D, room.grad_rows);
    product<T>(first > 0, grad_pairs, L, room.query_rows, row_steps, D, room.grad_key, width);
    product<T>(first > 0, shares, L, room.grad_rows, row_steps, D, room.grad_value, width);
  }
  for (int64_t l = 0; l < L; l++) {
    write(static_cast<T*>(h.grad_key) + l * h.out_stride, room.grad_key + l * width, D, h.scale);
    write(static_cast<T*>(h.grad_value) + l * h.out_stride, room.grad_value + l * width, D, Drop ? h.factor : 1.f);
  }
}

int64_t scratch(bool half, bool back, int64_t length, int64_t size) {
  if (half) return back ? BackwardRoom<bf16>(length, size, nullptr).cut.bytes : ForwardRoom<bf16>(length, size, nullptr).cut.bytes;
  return back ? BackwardRoom<float>(length, size, nullptr).cut.bytes : ForwardRoom<float>(length, size, nullptr).cut.bytes;
}

void run_forward(bool half, const AttentionHead& h) {
  if (half) h.threshold > 0 ? forward<bf16, true>(h) : forward<bf16, false>(h);
  else h.threshold > 0 ? forward<float, true>(h) : forward<float, false>(h);
}

void run_backward(bool half, const AttentionHead& h) {
  if (half) h.threshold > 0 ? backward<bf16, true>(h) : backward<bf16, false>(h);
  else h.threshold > 0 ? backward<float, true>(h) : backward<float, false>(h);
}

}  // namespace

extern const AttentionKernels attention_kernels = {scratch, run_forward, run_backward};

}  // namespace tutti::simd::TUTTI_SIMD
