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

// One thread gives one pixel its colour before ink and hollows.
//
// shown: (batch, width, width) triangles, -1 for none. vertices, normals: (batch, count, 3) head
// frame; tint: (batch, count); triangles: (batch, most, 3); role: (batch, most). look: (batch, 31)
// in the order that surface.py packs; palette, second: (batch, roles, 3). waves: (5, 3).
// Where a triangle is shown: colour (batch, 3, width, width), depth (batch, width, width) and the
// normal (batch, 3, width, width) in camera axes are written.

struct Vector { float x, y, z; };

static __device__ float dot(Vector a, Vector b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

static __device__ Vector cross(Vector a, Vector b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

static __device__ Vector unit(Vector a) {
  const float scale = 1.0f / fmaxf(sqrtf(dot(a, a)), 1e-12f);
  return {a.x * scale, a.y * scale, a.z * scale};
}

static __device__ Vector turned(const float *m, Vector a) {
  return {m[0] * a.x + m[1] * a.y + m[2] * a.z, m[3] * a.x + m[4] * a.y + m[5] * a.z,
          m[6] * a.x + m[7] * a.y + m[8] * a.z};
}

static __device__ float clamped(float a, float low, float high) { return fminf(fmaxf(a, low), high); }

static __device__ Vector mixed(const float *rows, const int *corner, const float *weight) {
  Vector sum = {0.0f, 0.0f, 0.0f};
  for (int k = 0; k < 3; k++) {
    const float *row = rows + 3 * corner[k];
    sum = {sum.x + weight[k] * row[0], sum.y + weight[k] * row[1], sum.z + weight[k] * row[2]};
  }
  return sum;
}

extern "C" __global__ void colour_pixels(const int *shown, const float *vertices,
                                         const float *normals, const float *tint,
                                         const int *triangles, const unsigned char *role,
                                         const float *look, const float *palette,
                                         const float *second, const float *waves, float *colour,
                                         float *depth, float *normal, int count, int most,
                                         int width, int roles, int skin, unsigned unlit) {
  const int pixel = blockIdx.x * blockDim.x + threadIdx.x;
  const int picture = blockIdx.y, pixels = width * width;
  if (pixel >= pixels) return;
  const int triangle = shown[(long long)picture * pixels + pixel];
  if (triangle < 0) return;
  const float *l = look + 31 * picture;
  const float *target = l + 9, distance = l[12], focal = l[13];
  const int *corner = triangles + 3 * ((long long)picture * most + triangle);
  const float *place_of = vertices + 3LL * picture * count;

  // Where the ray (right, up, 1) meets the triangle's plane.
  const float x = (pixel % width + 0.5f) * 2.0f / width - 1.0f;
  const float y = (pixel / width + 0.5f) * 2.0f / width - 1.0f;
  const Vector ray = {(x - l[14]) / focal, -(y - l[15]) / focal, 1.0f};
  Vector p[3];
  for (int k = 0; k < 3; k++) {
    const float *v = place_of + 3 * corner[k];
    p[k] = turned(l, {v[0] - target[0], v[1] - target[1], v[2] - target[2]});
    p[k].z = distance - p[k].z;
  }
  float weight[3] = {dot(cross(p[1], p[2]), ray), dot(cross(p[2], p[0]), ray),
                     dot(cross(p[0], p[1]), ray)};
  float total = weight[0] + weight[1] + weight[2], sum = 0.0f, tinted = 0.0f, away = 0.0f;
  if (fabsf(total) < 1e-20f) total = 1e-20f;
  for (int k = 0; k < 3; k++) sum += weight[k] = clamped(weight[k] / total, -0.1f, 1.1f);
  for (int k = 0; k < 3; k++) {
    weight[k] /= sum;
    tinted += weight[k] * tint[(long long)picture * count + corner[k]];
    away += weight[k] * p[k].z;
  }

  const int shows = role[(long long)picture * most + triangle];
  const float *first = palette + 3 * (picture * roles + shows);
  const float *other = second + 3 * (picture * roles + shows);
  tinted = clamped(tinted, 0.0f, 1.0f);
  float base[3];
  for (int k = 0; k < 3; k++) base[k] = first[k] + (other[k] - first[k]) * tinted;
  if (shows == skin && l[16] > 0.0f) {
    const Vector place = mixed(place_of, corner, weight);
    float uneven = 0.0f;
    for (int k = 0; k < 5; k++) {
      const Vector wave = {waves[3 * k], waves[3 * k + 1], waves[3 * k + 2]};
      uneven += sinf(dot(place, wave) * l[17] + 9.0f * (wave.x + wave.y + wave.z));
    }
    for (int k = 0; k < 3; k++) base[k] *= 1.0f + l[16] * uneven / 5.0f;
  }

  Vector n = unit(turned(l, mixed(normals + 3LL * picture * count, corner, weight)));
  const long long at = (long long)picture * 3 * pixels + pixel;
  normal[at] = n.x, normal[at + pixels] = n.y, normal[at + 2 * pixels] = n.z;
  depth[(long long)picture * pixels + pixel] = away;
  if ((unlit >> shows) & 1u) {
    for (int k = 0; k < 3; k++) colour[at + k * pixels] = clamped(base[k], 0.0f, 1.0f);
    return;
  }
  const Vector view = unit({-ray.x, -ray.y, 1.0f});
  const float facing = dot(n, view);
  if (facing < -0.15f) n = {-n.x, -n.y, -n.z};
  const Vector key = {l[18], l[19], l[20]}, fill = {l[21], l[22], l[23]};
  float diffuse = fmaxf(dot(key, n), 0.0f) * l[24] + fmaxf(dot(fill, n), 0.0f) * l[25];
  const float bands = l[29];
  if (bands > 0.0f) diffuse = floorf(diffuse * bands + 0.5f) / bands;
  float extra = 0.0f;
  if (l[27] > 0.0f) {
    const Vector half = unit({key.x + view.x, key.y + view.y, key.z + view.z});
    extra += l[27] * powf(fmaxf(dot(n, half), 1e-4f), l[28]);
  }
  if (l[30] > 0.0f) {
    const float edge = 1.0f - clamped(fabsf(facing), 0.0f, 1.0f);
    extra += l[30] * edge * edge * edge;
  }
  for (int k = 0; k < 3; k++)
    colour[at + k * pixels] = clamped(base[k] * (l[26] + diffuse) + extra, 0.0f, 1.0f);
}
