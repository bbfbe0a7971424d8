// Kernels of the training engine: fp32, one operation a file.
//
// Layouts
//   plain    row-major, as the shape says: images [N][C][H][W], matrices [rows][columns].
//   blocked  [N][ceil(C/16)][H][W][16]: sixteen channels lie together, missing ones are zero.
//            Kernels read and write whole blocks and keep the padding channels zero.
//
// Threads: every kernel splits its work by the work's own size, never by the number of threads,
// and every sum has one fixed order, so results have the same bits on any number of threads.
//
// Targets: every kernel is compiled for portable vectors, AVX2+FMA and AVX-512, chosen at run time.
#ifndef FERRY_KERNELS_H
#define FERRY_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Targets ---------------------------------------------------------------------------------------

enum { FERRY_PORTABLE = 0, FERRY_AVX2 = 1, FERRY_AVX512 = 2 };

// The target in use: the best this processor has, or the one FERRY_KERNELS names.
int ferry_target(void);
// The calling thread's kernels use `target` from now on, or the best one below it that this processor
// has; returns which. A negative target takes the choice back.
int ferry_force_target(int target);

// Threads ---------------------------------------------------------------------------------------

typedef void (*ferry_task)(void *context, long index);

// Calls task(context, i) once for each i of 0 ..< count on the pool's threads; returns when all
// are done. A call from inside a task, or beside another one, runs on the calling thread.
void ferry_parallel(long count, ferry_task task, void *context);
// Threads the pool uses, the caller's included.
int ferry_threads(void);
void ferry_set_threads(int threads);

// A pool of its own for tests, where the shared one may be busy with other threads' work. Of each job
// of at least two tasks, another thread than the caller's runs the first one.
typedef struct ferry_pool ferry_pool;
ferry_pool *ferry_pool_create(int threads);
// The calling thread's work runs on `pool` from now on, on the shared one where it is null; returns
// what was in use before.
ferry_pool *ferry_pool_use(ferry_pool *pool);
// Ends the pool's threads; returns how many tasks other threads than the callers' ran.
long ferry_pool_destroy(ferry_pool *pool);

// At least `bytes` of 64-byte aligned memory that belongs to the calling thread until its next
// call with the same slot (0 ..< 4).
void *ferry_scratch(int slot, long bytes);

// Layout ----------------------------------------------------------------------------------------

void ferry_to_blocks(const float *plain, float *blocked, long n, long c, long pixels);
void ferry_from_blocks(const float *blocked, float *plain, long n, long c, long pixels);

// Convolution -----------------------------------------------------------------------------------

typedef struct {
  long n, c, h, w;           // input
  long k, oh, ow;            // output
  long r, s, stride, padding;  // kernel height and width
} ferry_conv;

// What happens to a sum before it is stored: + bias[k], + the residual (laid out as the output),
// then max(0, .). Null pointers and zero leave a step out; bias has a multiple of 16 entries.
typedef struct {
  const float *bias;
  const float *residual;
  int relu;
} ferry_epilogue;

// Floats that the packed weights of a convolution take.
long ferry_conv_packed_count(const ferry_conv *conv);
// Packs weights [K][C][R][S], each filter k times scale[k] where scale is given.
void ferry_conv_pack(const ferry_conv *conv, const float *weights, const float *scale,
                     float *packed);
// x and y blocked.
void ferry_conv_forward(const ferry_conv *conv, const float *x, const float *packed,
                        const ferry_epilogue *epilogue, float *y);
// Packs weights [K][C][R][S] for the gradient of the input.
void ferry_conv_pack_transposed(const ferry_conv *conv, const float *weights, float *packed);
// dx (+)= the gradient of the input; dy and dx blocked.
void ferry_conv_backward_data(const ferry_conv *conv, const float *dy, const float *packed,
                              int accumulate, float *dx);
// dw [K][C][R][S] (+)= the gradient of the weights; x and dy blocked.
void ferry_conv_backward_weights(const ferry_conv *conv, const float *x, const float *dy,
                                 int accumulate, float *dw);
// db [K] (+)= the sum of dy over samples and pixels; dy blocked.
void ferry_conv_backward_bias(const float *dy, long n, long k, long pixels, int accumulate,
                              float *db);

// 3x3 kernels with stride 1 and padding of at most 2, in a quarter of the multiplications.
void ferry_winograd_forward(const ferry_conv *conv, const float *x, const float *weights,
                            const float *scale, const ferry_epilogue *epilogue, float *y);
void ferry_winograd_backward_data(const ferry_conv *conv, const float *dy, const float *weights,
                                  int accumulate, float *dx);
void ferry_winograd_backward_weights(const ferry_conv *conv, const float *x, const float *dy,
                                     int accumulate, float *dw);

// The same for few input channels (images): x plain, y and dy blocked.
long ferry_stem_packed_count(const ferry_conv *conv);
void ferry_stem_pack(const ferry_conv *conv, const float *weights, const float *scale,
                     float *packed);
void ferry_stem_forward(const ferry_conv *conv, const float *x, const float *packed,
                        const ferry_epilogue *epilogue, float *y);
void ferry_stem_backward_weights(const ferry_conv *conv, const float *x, const float *dy,
                                 int accumulate, float *dw);

// Batch normalisation, blocked ------------------------------------------------------------------

// Mean and biased variance of each channel; both have a multiple of 16 entries.
void ferry_batch_statistics(const float *x, long n, long c, long pixels, float *mean,
                            float *variance);
// y = x * scale + shift (+ residual), then max(0, .) where relu is set. y may be x.
void ferry_scale_shift(const float *x, const float *scale, const float *shift,
                       const float *residual, int relu, long n, long c, long pixels, float *y);
// Where a ReLU followed, dz = dy where its output was positive. The output itself says so (y), or
// x * scale + shift does, which spares reading and keeping y; with neither, dz = dy.
typedef struct {
  const float *y;
  const float *scale, *shift;
} ferry_mask;

// dbeta = sum dz and dgamma = sum dz (x - mean) inverse.
void ferry_batch_norm_reduce(const float *x, const ferry_mask *mask, const float *dy,
                             const float *mean, const float *inverse, long n, long c, long pixels,
                             float *dgamma, float *dbeta);
// dx = a dz + b (x - mean) + d for each channel, and dz itself where asked for. dx may be x, dz may
// be dy.
typedef struct {
  const float *mean, *a, *b, *d;
} ferry_norm_gradient;
void ferry_batch_norm_backward(const float *x, const ferry_mask *mask, const float *dy,
                               const ferry_norm_gradient *gradient, long n, long c, long pixels,
                               float *dx, float *dz);

// Pooling, blocked ------------------------------------------------------------------------------

// code receives the winning tap of each output, row * size + column; null where not wanted.
void ferry_max_pool(const float *x, long n, long c, long h, long w, long oh, long ow, long size,
                    long stride, long padding, float *y, uint8_t *code);
void ferry_max_pool_backward(const float *dy, const uint8_t *code, long n, long c, long h, long w,
                             long oh, long ow, long size, long stride, long padding, float *dx);
// y plain [N][C].
void ferry_global_average(const float *x, long n, long c, long pixels, float *y);
void ferry_global_average_backward(const float *dy, long n, long c, long pixels, float *dx);

// Elementwise -----------------------------------------------------------------------------------

void ferry_relu(const float *x, long count, float *y);
// dx = dy where y > 0.
void ferry_relu_backward(const float *y, const float *dy, long count, float *dx);
// y += x.
void ferry_add(const float *x, long count, float *y);
// y *= factor.
void ferry_multiply(float factor, long count, float *y);
// The sum of squares, in double.
double ferry_sum_squares(const float *x, long count);

// Small detectors -------------------------------------------------------------------------------
//
// Layers with few channels, channels last, without padding, on the calling thread.

// A convolution or dense layer with its bias and PReLU.
typedef struct {
  long c, blocks, r, s;      // input channels, output channels / 16, kernel height and width
  const float *weights;      // of ferry_line_pack
  const float *bias, *slope; // blocks * 16 each; slope null: linear
} ferry_line;

long ferry_line_packed_count(long k, long c, long r, long s);
// Packs weights [K][C][R][S].
void ferry_line_pack(const float *weights, long k, long c, long r, long s, float *packed);
// Output i of `count` reads, in kernel row j, s pixels from rows[j] + i * step on, which lie `pixel`
// floats apart, and is written to y + i * y_step.
void ferry_line_forward(const ferry_line *line, const float *const *rows, long pixel, long step,
                        long count, float *y, long y_step);

// The same for kernels of r x 3 and outputs side by side, in half the multiplications: rows are
// transformed first, and each serves r rows of outputs. `pixel` is a multiple of 16, `count` the
// outputs of a row, slope is given.
long ferry_wide_packed_count(long k, long c, long r);
// Packs weights [K][C][R][3].
void ferry_wide_pack(const float *weights, long k, long c, long r, float *packed);
// Floats of a transformed row.
long ferry_wide_row_count(long count, long pixel);
// Transforms a row of `width` pixels.
void ferry_wide_transform(const float *x, long width, long pixel, long count, float *y);
void ferry_wide_forward(const ferry_line *line, const float *const *rows, long pixel, long count,
                        float *y, long y_step);

// Output i is the maximum over the rows' pixels 2 i ..< min(2 i + size, width); channels is a
// multiple of 16.
void ferry_line_max_pool(const float *const *rows, long row_count, long width, long size,
                         long channels, long count, float *y);

// A rectangle of an interleaved picture of three channels, cut into a grid of cells.
typedef struct {
  const uint8_t *pixels;
  long stride;                   // bytes a row of the picture
  long left, top, width, height; // the rectangle
  long columns, rows;            // the grid
  int exact;                     // 0: a cell takes all pixels that it touches, whole; 1: by their share
} ferry_area;

// y [columns][3] = (mean - 127.5) / 128 of each cell of one row of the grid.
void ferry_area_row(const ferry_area *area, long row, float *y);

// Transformers: rows of `width` floats, plain -----------------------------------------------------

enum { FERRY_GELU = 0, FERRY_QUICK_GELU = 1 };

// y = activation(x + bias), with x + bias kept in `sum` for the backward pass; bias and sum may be
// null, y and sum may be x.
void ferry_activate(int kind, const float *x, const float *bias, long rows, long width, float *sum,
                    float *y);
// dx = dy activation'(sum); dx may be dy.
void ferry_activate_backward(int kind, const float *sum, const float *dy, long rows, long width,
                             float *dx);
// y = (x - mean) inverse gamma + beta with each row's own mean and inverse deviation, which are kept
// where wanted.
void ferry_layer_norm(const float *x, const float *gamma, const float *beta, float epsilon,
                      long rows, long width, float *y, float *mean, float *inverse);
// dx (+)= the gradient of the input.
void ferry_layer_norm_backward(const float *x, const float *dy, const float *gamma,
                               const float *mean, const float *inverse, long rows, long width,
                               int accumulate, float *dx);
// dgamma (+)= sum dy xhat and dbeta (+)= sum dy over the rows; null where not wanted.
void ferry_layer_norm_gradients(const float *x, const float *dy, const float *mean,
                                const float *inverse, long rows, long width, int accumulate_gamma,
                                float *dgamma, int accumulate_beta, float *dbeta);
// sums [width] (+)= the sum of the rows.
void ferry_column_sums(const float *x, long rows, long width, int accumulate, float *sums);
// y = x + bias + residual; bias and residual may be null, y may be x.
void ferry_add_bias(const float *x, const float *bias, const float *residual, long rows, long width,
                    float *y);

// Attention of `heads` heads of `width` floats side by side in a row. Sequence s has the query rows
// query_starts[s] ..< query_starts[s + 1] and likewise its keys and values. Under `causal` a query sees
// the keys up to its own place, the last query being at the last key. bias [heads][L][L] and mask
// [masks][L][L] (sequence s has the mask s % masks) are added to the scaled products; both ask for
// sequences of one length.
typedef struct {
  const float *q, *k, *v;
  long query_stride, key_stride;  // floats from row to row; keys and values share theirs
  const int32_t *query_starts, *key_starts;
  long sequences, heads, width;
  float scale;
  int causal;
  const float *bias, *mask;
  long masks;
} ferry_attention;
void ferry_attention_forward(const ferry_attention *attention, float *y, long y_stride);
// The gradients lie as q, k and v do; dbias, where wanted, is added to.
void ferry_attention_backward(const ferry_attention *attention, const float *dy, long dy_stride,
                              float *dq, float *dk, float *dv, float *dbias);

// Matrices --------------------------------------------------------------------------------------

// What happens to the sums of a product before they leave the cache, in this order. Null pointers and
// FERRY_KEEP leave a step out; sum and residual lie as c does.
enum { FERRY_KEEP = 0, FERRY_ACTIVATE = 1, FERRY_SLOPE = 2 };
typedef struct {
  const float *bias;      // [n], added
  int step;               // FERRY_ACTIVATE: the activation, its argument kept in `sum` where not null;
                          // FERRY_SLOPE: times the activation's derivative at `sum`
  int activation;         // FERRY_GELU or FERRY_QUICK_GELU
  float *sum;
  const float *residual;  // added
} ferry_product_end;

// c [m][n] (+)= op(a) op(b): op(a) is [m][k], op(b) is [k][n]; rows of the stored matrices lie
// lda, ldb and ldc floats apart. Our own kernel on all targets. An end asks for a that is not
// transposed.
typedef struct {
  int transpose_a, transpose_b, accumulate;
  long m, n, k, lda, ldb, ldc;
  const float *a, *b;
  float *c;
  ferry_product_end end;
} ferry_product;
void ferry_matrix_product(const ferry_product *product);
// The end alone, for sums that something else has made.
void ferry_matrix_end(const ferry_product *product);

// Window attention ------------------------------------------------------------------------------

typedef struct {
  long images, image_rows;  // rows of qkv and y that belong to one image
  long windows;             // of one image
  long tokens;              // of one window, at most 64
  long heads, width;        // width of one head
  const int32_t *rows;      // [windows][tokens]: the image's row of each token, each row once
  const int32_t *regions;   // [windows][tokens]: scores between regions are lowered by 100; or null
  const float *bias;        // [heads][tokens][tokens], added to the scores
  float scale;              // of the queries
} ferry_windows;
// qkv [images x image_rows][3][heads][width]; y [images x image_rows][heads][width].
void ferry_window_attention(const ferry_windows *windows, const float *qkv, float *y);
// dqkv = the gradient of qkv; dbias [heads][tokens][tokens] += that of the bias.
void ferry_window_attention_backward(const ferry_windows *windows, const float *qkv,
                                     const float *dy, float *dqkv, float *dbias);

// Optimisers ------------------------------------------------------------------------------------

typedef struct {
  float rate, momentum, decay;
  int nesterov, first;  // first: the momentum buffer starts as the gradient
} ferry_sgd_options;
void ferry_sgd(const ferry_sgd_options *options, const float *gradient, long count, float *value,
               float *buffer);

typedef struct {
  float rate, beta1, beta2, epsilon, decay;
  float share1, share2;            // 1 - beta, rounded once: 1 - 0.999f is off by 1e-5 of itself
  float correction1, correction2;  // 1 - beta^t
} ferry_adamw_options;
void ferry_adamw(const ferry_adamw_options *options, const float *gradient, long count,
                 float *value, float *first, float *second);

#ifdef __cplusplus
}
#endif
#endif
