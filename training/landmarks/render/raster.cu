// SPDX-License-Identifier: GPL-3.0-or-later
// One thread draws one triangle of one picture into the picture's z-buffer.
//
// points: (batch, vertices, 3) pixel column, pixel row, depth. triangles: (batch, most, 3), of
// which count[picture] are in use. buffer: (batch, width, width) words, all bits set: depth as
// float bits above (positive floats sort like integers), triangle below.

extern "C" __global__ void rasterise(const float *points, const int *triangles, const int *count,
                                     unsigned long long *buffer, int vertices, int most,
                                     int width) {
  const int triangle = blockIdx.x * blockDim.x + threadIdx.x;
  const int picture = blockIdx.y;
  if (triangle >= count[picture]) return;
  const int *corner = triangles + 3 * ((long long)picture * most + triangle);
  const float *base = points + 3 * (long long)picture * vertices;
  const float *a = base + 3 * corner[0], *b = base + 3 * corner[1], *c = base + 3 * corner[2];
  if (fminf(a[2], fminf(b[2], c[2])) < 0.01f) return;  // at or behind the camera
  const float area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
  if (fabsf(area) < 1e-9f) return;
  const int left = max(0, (int)ceilf(fminf(a[0], fminf(b[0], c[0])) - 0.5f));
  const int right = min(width - 1, (int)floorf(fmaxf(a[0], fmaxf(b[0], c[0])) - 0.5f));
  const int top = max(0, (int)ceilf(fminf(a[1], fminf(b[1], c[1])) - 0.5f));
  const int bottom = min(width - 1, (int)floorf(fmaxf(a[1], fmaxf(b[1], c[1])) - 0.5f));
  for (int row = top; row <= bottom; row++) {
    for (int column = left; column <= right; column++) {
      const float x = column + 0.5f, y = row + 0.5f;
      const float wb = ((x - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (y - a[1])) / area;
      const float wc = ((b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])) / area;
      const float wa = 1.0f - wb - wc;
      if (wa < 0.0f || wb < 0.0f || wc < 0.0f) continue;
      // 1 / depth is linear on the screen.
      const float depth = 1.0f / (wa / a[2] + wb / b[2] + wc / c[2]);
      const unsigned long long word =
          ((unsigned long long)__float_as_uint(depth) << 32) | (unsigned)triangle;
      unsigned long long *cell = buffer + ((long long)picture * width + row) * width + column;
      if (word < *cell) atomicMin(cell, word);
    }
  }
}
