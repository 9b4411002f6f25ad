// Batch normalisation of maps with what follows it: channels lie side by side, so that every sum over pixels is a sum of vectors.
#include "maps.h"
#include "vector.h"

namespace tutti::simd::TUTTI_SIMD {

namespace {

constexpr int step = 4;                                       // vectors of channels that are worked on together

// Calls vectors(c) for whole vectors of channels and single(c) for the rest.
template <class V, class S> inline void over(int64_t width, V vectors, S single) {
  int64_t c = 0;
  for (; c + lanes <= width; c += lanes) vectors(c);
  for (; c < width; c++) single(c);
}

template <class T>
void moments(const T* x, int64_t width, int64_t rows, float* mean, float* squares) {
  const float share = 1.f / float(rows);
  int64_t c = 0;
  for (; c + step * lanes <= width; c += step * lanes) {
    Floats sum[step] = {}, square[step] = {};
    for (int64_t r = 0; r < rows; r++)
      for (int i = 0; i < step; i++) sum[i] += read(x + r * width + c + i * lanes);
    for (int i = 0; i < step; i++) sum[i] *= share;
    for (int64_t r = 0; r < rows; r++)
      for (int i = 0; i < step; i++) {
        const Floats away = read(x + r * width + c + i * lanes) - sum[i];
        square[i] += away * away;
      }
    for (int i = 0; i < step; i++) write(mean + c + i * lanes, sum[i]), write(squares + c + i * lanes, square[i]);
  }
  for (; c < width; c++) {
    float sum = 0, square = 0;
    for (int64_t r = 0; r < rows; r++) sum += load(x[r * width + c]);
    sum *= share;
    for (int64_t r = 0; r < rows; r++) {
      const float away = load(x[r * width + c]) - sum;
      square += away * away;
    }
    mean[c] = sum;
    squares[c] = square;
  }
}

inline Floats sigmoid(Floats z) {
  const Floats power = z * -1.44269504f;
  return 1.f / (1.f + exp2(power > 126.f ? all(126.f) : power));
}
inline float sigmoid(float z) { return 1.f / (1.f + __builtin_expf(-z)); }
inline Floats positive(Floats z) { return z < 0.f ? Floats{} : z; }  // a NaN stays one
inline float positive(float z) { return z < 0.f ? 0.f : z; }

template <class T, int After, bool Added>
void forward_as(const MapRows& n, int64_t begin, int64_t end) {
  const auto act = [](auto z) {
    if constexpr (After == 1) return positive(z);
    else if constexpr (After == 2) return decltype(z)(z * sigmoid(z));
    else return z;
  };
  for (int64_t r = begin; r < end; r++) {
    const T* x = static_cast<const T*>(n.x) + r * n.width;
    const T* added = Added ? static_cast<const T*>(n.added) + r * n.width : nullptr;
    T* y = static_cast<T*>(n.y) + r * n.width;
    over(n.width,
        [&](int64_t c) {
          Floats z = (read(x + c) - read(n.mean + c)) * read(n.scale + c) + read(n.shift + c);
          if constexpr (Added) z += read(added + c);
          write(y + c, act(z));
        },
        [&](int64_t c) {
          float z = (load(x[c]) - n.mean[c]) * n.scale[c] + n.shift[c];
          if constexpr (Added) z += load(added[c]);
          store(y[c], act(z));
        });
  }
}

template <class T>
void forward(const MapRows& n, int64_t begin, int64_t end) {
  const bool added = n.added != nullptr;
  if (n.after == 1) added ? forward_as<T, 1, true>(n, begin, end) : forward_as<T, 1, false>(n, begin, end);
  else if (n.after == 2) added ? forward_as<T, 2, true>(n, begin, end) : forward_as<T, 2, false>(n, begin, end);
  else added ? forward_as<T, 0, true>(n, begin, end) : forward_as<T, 0, false>(n, begin, end);
}

template <int After> inline Floats before(const MapGradients& n, Floats dy, Floats x, Floats rest, int64_t c) {
  if constexpr (After == 1) return rest > 0.f ? dy : Floats{};  // rest: y
  else if constexpr (After == 2) {                              // rest: added
    const Floats z = (x - read(n.mean + c)) * read(n.scale + c) + read(n.shift + c) + rest, s = sigmoid(z);
    return dy * s * (1.f + z * (1.f - s));
  } else return dy;
}
template <int After> inline float before(const MapGradients& n, float dy, float x, float rest, int64_t c) {
  if constexpr (After == 1) return rest > 0.f ? dy : 0.f;
  else if constexpr (After == 2) {
    const float z = (x - n.mean[c]) * n.scale[c] + n.shift[c] + rest, s = sigmoid(z);
    return dy * s * (1.f + z * (1.f - s));
  } else return dy;
}

template <class T, int After> const T* rest_of(const MapGradients& n) { return static_cast<const T*>(After == 1 ? n.y : After == 2 ? n.added : nullptr); }

template <class T, int After>
void sums_as(const MapGradients& n, int64_t begin, int64_t end, float* sum, float* product) {
  const T *x = static_cast<const T*>(n.x), *dy = static_cast<const T*>(n.dy), *rest = rest_of<T, After>(n);
  int64_t c = 0;
  const auto vectors = [&](auto count) {
    constexpr int many = decltype(count)::value;
    for (; c + many * lanes <= n.width; c += many * lanes) {
      Floats s[many] = {}, p[many] = {}, mean[many];
      for (int i = 0; i < many; i++) mean[i] = read(n.mean + c + i * lanes);
      for (int64_t r = begin; r < end; r++)
        for (int i = 0; i < many; i++) {
          const int64_t at = r * n.width + c + i * lanes;
          const Floats value = read(x + at), g = before<After>(n, read(dy + at), value, rest != nullptr ? read(rest + at) : Floats{}, c + i * lanes);
          s[i] += g;
          p[i] += g * (value - mean[i]);
        }
      for (int i = 0; i < many; i++) write(sum + c + i * lanes, s[i]), write(product + c + i * lanes, p[i] * read(n.rstd + c + i * lanes));
    }
  };
  vectors(std::integral_constant<int, step>());
  vectors(std::integral_constant<int, 1>());
  for (; c < n.width; c++) {
    float s = 0, p = 0;
    for (int64_t r = begin; r < end; r++) {
      const int64_t at = r * n.width + c;
      const float value = load(x[at]), g = before<After>(n, load(dy[at]), value, rest != nullptr ? load(rest[at]) : 0.f, c);
      s += g;
      p += g * (value - n.mean[c]);
    }
    sum[c] = s;
    product[c] = p * n.rstd[c];
  }
}

template <class T, int After>
void backward_as(const MapGradients& n, int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; r++) {
    const int64_t at = r * n.width;
    const T *x = static_cast<const T*>(n.x) + at, *dy = static_cast<const T*>(n.dy) + at, *rest = rest_of<T, After>(n);
    T *g = static_cast<T*>(n.g), *dx = static_cast<T*>(n.dx) + at;
    over(n.width,
        [&](int64_t c) {
          const Floats value = read(x + c), given = before<After>(n, read(dy + c), value, rest != nullptr ? read(rest + at + c) : Floats{}, c);
          if (g != nullptr) write(g + at + c, given);
          write(dx + c, read(n.a + c) * given + read(n.b + c) * (value - read(n.mean + c)) + read(n.c + c));
        },
        [&](int64_t c) {
          const float value = load(x[c]), given = before<After>(n, load(dy[c]), value, rest != nullptr ? load(rest[at + c]) : 0.f, c);
          if (g != nullptr) store(g[at + c], given);
          store(dx[c], n.a[c] * given + n.b[c] * (value - n.mean[c]) + n.c[c]);
        });
  }
}

template <class T>
void sums(const MapGradients& n, int64_t begin, int64_t end, float* sum, float* product) {
  (n.after == 1 ? sums_as<T, 1> : n.after == 2 ? sums_as<T, 2> : sums_as<T, 0>)(n, begin, end, sum, product);
}

template <class T>
void backward(const MapGradients& n, int64_t begin, int64_t end) {
  (n.after == 1 ? backward_as<T, 1> : n.after == 2 ? backward_as<T, 2> : backward_as<T, 0>)(n, begin, end);
}

}  // namespace

const Maps maps{moments<float>, moments<bf16>, forward<float>, forward<bf16>, sums<float>, sums<bf16>, backward<float>, backward<bf16>};

}  // namespace tutti::simd::TUTTI_SIMD
