#include "broker/query/geodesic.h"

#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

namespace machi::broker::query {
namespace {

// WGS 84.
constexpr double kA = 6378137.0;
constexpr double kF = 1 / 298.257223563;
constexpr double kB = kA * (1 - kF);
constexpr double kRadians = std::numbers::pi / 180;

struct Vector {
  double x, y, z;
};
Vector operator+(Vector a, Vector b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
Vector operator-(Vector a, Vector b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
Vector operator*(Vector a, double s) {
  return {a.x * s, a.y * s, a.z * s};
}
double dot(Vector a, Vector b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
Vector cross(Vector a, Vector b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
double norm(Vector a) {
  return std::sqrt(dot(a, a));
}

Vector on_sphere(Position p) {
  const double latitude = p.latitude * kRadians;
  const double longitude = p.longitude * kRadians;
  return {std::cos(latitude) * std::cos(longitude), std::cos(latitude) * std::sin(longitude), std::sin(latitude)};
}

Position to_position(Vector v) {
  return {std::atan2(v.y, v.x) / kRadians, std::atan2(v.z, std::hypot(v.x, v.y)) / kRadians};
}

// T. Vincenty, "Direct and inverse solutions of geodesics on the ellipsoid", Survey Review 23 (1975).
std::optional<double> vincenty(Position a, Position b) {
  const double u1 = std::atan((1 - kF) * std::tan(a.latitude * kRadians));
  const double u2 = std::atan((1 - kF) * std::tan(b.latitude * kRadians));
  const double l = std::remainder((b.longitude - a.longitude) * kRadians, 2 * std::numbers::pi);
  const double sin_u1 = std::sin(u1), cos_u1 = std::cos(u1), sin_u2 = std::sin(u2), cos_u2 = std::cos(u2);
  double lambda = l;
  for (int i = 0; i < 100; ++i) {
    const double sin_lambda = std::sin(lambda), cos_lambda = std::cos(lambda);
    const double sin_sigma = std::hypot(cos_u2 * sin_lambda, cos_u1 * sin_u2 - sin_u1 * cos_u2 * cos_lambda);
    if (sin_sigma == 0 && cos_lambda > 0) return 0.0;
    if (sin_sigma == 0) return {};
    const double cos_sigma = sin_u1 * sin_u2 + cos_u1 * cos_u2 * cos_lambda;
    const double sigma = std::atan2(sin_sigma, cos_sigma);
    const double sin_alpha = cos_u1 * cos_u2 * sin_lambda / sin_sigma;
    const double cos2_alpha = 1 - sin_alpha * sin_alpha;
    const double cos_2sm = cos2_alpha > 1e-15 ? cos_sigma - 2 * sin_u1 * sin_u2 / cos2_alpha : 0;
    const double c = kF / 16 * cos2_alpha * (4 + kF * (4 - 3 * cos2_alpha));
    const double before = lambda;
    lambda = l + (1 - c) * kF * sin_alpha *
                     (sigma + c * sin_sigma * (cos_2sm + c * cos_sigma * (2 * cos_2sm * cos_2sm - 1)));
    if (std::abs(lambda) > std::numbers::pi) return {};
    if (std::abs(lambda - before) > 1e-13) continue;
    const double u_sq = cos2_alpha * (kA * kA - kB * kB) / (kB * kB);
    const double big_a = 1 + u_sq / 16384 * (4096 + u_sq * (-768 + u_sq * (320 - 175 * u_sq)));
    const double big_b = u_sq / 1024 * (256 + u_sq * (-128 + u_sq * (74 - 47 * u_sq)));
    const double delta =
        big_b * sin_sigma *
        (cos_2sm + big_b / 4 *
                       (cos_sigma * (2 * cos_2sm * cos_2sm - 1) -
                        big_b / 6 * cos_2sm * (4 * sin_sigma * sin_sigma - 3) * (4 * cos_2sm * cos_2sm - 3)));
    return kB * big_a * (sigma - delta);
  }
  return {};
}

// Two unit vectors at right angles to `v` and to each other: east and north, somehow at the poles.
std::array<Vector, 2> tangent_plane(Vector v) {
  const Vector axis = std::abs(v.z) < 0.9 ? Vector{0, 0, 1} : Vector{1, 0, 0};
  Vector east = cross(axis, v);
  east = east * (1 / norm(east));
  return {east, cross(v, east)};
}

// The shortest way between nearly antipodal positions crosses the great circle half-way somewhere, and both halves are
// short enough for Vincenty. The length is smooth in the point of crossing, so its minimum is found to full precision.
double nearly_antipodal(Position a, Position b) {
  const auto plane = tangent_plane(on_sphere(a));
  const auto length = [&](double angle) {
    const Position middle = to_position(plane[0] * std::cos(angle) + plane[1] * std::sin(angle));
    return vincenty(a, middle).value_or(1e9) + vincenty(middle, b).value_or(1e9);
  };
  constexpr int kSteps = 72;
  constexpr double kStep = 2 * std::numbers::pi / kSteps;
  double best = 0;
  for (int i = 1; i < kSteps; ++i) {
    if (length(i * kStep) < length(best)) best = i * kStep;
  }
  double low = best - kStep;
  double high = best + kStep;
  for (int i = 0; i < 80; ++i) {
    const double third = (high - low) / 3;
    (length(low + third) < length(high - third) ? high = high - third : low = low + third);
  }
  return length((low + high) / 2);
}

// The closest of all points looked at so far. Chords, not angles: exact for close points.
struct Closest {
  Vector from;
  Vector point{};
  double chord = std::numeric_limits<double>::infinity();

  void consider(Vector candidate) {
    const Vector d = candidate - from;
    const double squared = dot(d, d);
    if (squared >= chord) return;
    chord = squared;
    point = candidate;
  }

  void consider_edge(Vector a, Vector b) {
    consider(a);
    consider(b);
    Vector normal = cross(a - b, a + b);
    const double length = norm(normal);
    if (length < 1e-14) return;
    normal = normal * (1 / length);
    Vector foot = from - normal * dot(from, normal);
    const double distance = norm(foot);
    if (distance < 1e-14) return;
    foot = foot * (1 / distance);
    if (dot(cross(a, foot), normal) * dot(cross(a, b), normal) < 0) return;
    if (dot(cross(foot, b), normal) * dot(cross(a, b), normal) < 0) return;
    if (dot(foot, a + b) > 0) consider(foot);
  }
};

// Whether great-circle edges through `ring` wind around `p`: the sum of the turns as seen from p.
bool winds_around(Vector p, const std::vector<Position>& ring) {
  const auto plane = tangent_plane(p);
  double turned = 0;
  Vector sum{};
  for (std::size_t i = 1; i < ring.size(); ++i) {
    const Vector a = on_sphere(ring[i - 1]);
    const Vector b = on_sphere(ring[i]);
    sum = sum + b;
    const double ax = dot(a, plane[0]), ay = dot(a, plane[1]), bx = dot(b, plane[0]), by = dot(b, plane[1]);
    turned += std::atan2(ax * by - ay * bx, ax * bx + ay * by);
  }
  // The opposite point is wound around as well; the polygon is the side on which its corners lie.
  return std::abs(turned) > std::numbers::pi && dot(sum, p) > 0;
}

bool contains(const Shape::Part& polygon, Vector p) {
  if (polygon.rings.empty() || !winds_around(p, polygon.rings.front())) return false;
  for (std::size_t i = 1; i < polygon.rings.size(); ++i) {
    if (winds_around(p, polygon.rings[i])) return false;
  }
  return true;
}

}  // namespace

double geodesic_distance(Position a, Position b) {
  if (a == b) return 0;
  if (const auto distance = vincenty(a, b)) return *distance;
  return nearly_antipodal(a, b);
}

double distance_to(Position from, const Shape& shape) {
  if (shape.parts.size() == 1 && shape.parts[0].kind == Shape::PartKind::point) {
    return geodesic_distance(from, shape.parts[0].rings[0][0]);
  }
  Closest closest{.from = on_sphere(from)};
  for (const Shape::Part& part : shape.parts) {
    if (part.kind == Shape::PartKind::polygon && contains(part, closest.from)) return 0;
    for (const auto& ring : part.rings) {
      if (ring.size() == 1) closest.consider(on_sphere(ring[0]));
      for (std::size_t i = 1; i < ring.size(); ++i) closest.consider_edge(on_sphere(ring[i - 1]), on_sphere(ring[i]));
    }
  }
  if (!std::isfinite(closest.chord)) return closest.chord;
  return geodesic_distance(from, to_position(closest.point));
}

}  // namespace machi::broker::query
