// The map of a report: points on a canvas that one can drag, zoom, search and point at.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/json.h"
#include "quiver/inspect/escaped.h"
#include "quiver/inspect/internal/html.h"
#include "quiver/inspect/report.h"

namespace quiver {
namespace internal {

// Data of one map: {n, points: base64 of u16 pairs, groups: base64 of bytes or "", labels: [...]}.
// A view is (scale, left, top): point p of the unit square is drawn at left + scale * p.
const std::string_view kMapScript = R"js(
function quiverMap(root, data) {
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const xy = new Uint16Array(bytes(data.points).buffer), group = bytes(data.groups), n = data.n;
  const canvas = root.querySelector('canvas'), tip = root.querySelector('.tip'), find = root.querySelector('input');
  const paint = canvas.getContext('2d'), cells = 64, grid = Array.from({length: cells * cells}, () => []);
  const cell = v => Math.min(cells - 1, v * cells >> 16);
  for (let i = 0; i < n; i++) grid[cell(xy[2 * i + 1]) * cells + cell(xy[2 * i])].push(i);
  let width = 0, height = 0, view = null, chosen = -1, matches = null, drag = null, waiting = false;
  const place = i => [view.left + view.scale * xy[2 * i] / 65535, view.top + view.scale * xy[2 * i + 1] / 65535];
  function draw() {
    waiting = false;
    const style = getComputedStyle(root), ratio = devicePixelRatio || 1;
    const colours = Array.from({length: 8}, (_, i) => style.getPropertyValue('--c' + i));
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.clearRect(0, 0, width, height);
    const size = Math.max(1, Math.min(4, view.scale / 400));
    for (const front of matches ? [false, true] : [true]) {
      for (let i = 0; i < n; i++) {
        if (matches && matches[i] !== front) continue;
        const [x, y] = place(i);
        if (x < -4 || y < -4 || x > width + 4 || y > height + 4) continue;
        paint.globalAlpha = matches ? (front ? 1 : .12) : .65;
        paint.fillStyle = colours[(group[i] || 0) % 8];
        paint.beginPath();
        paint.arc(x, y, matches && front ? size + 1.5 : size, 0, 7);
        paint.fill();
      }
    }
    paint.globalAlpha = 1;
    if (chosen >= 0) {
      const [x, y] = place(chosen);
      paint.strokeStyle = style.getPropertyValue('--ink');
      paint.lineWidth = 2;
      paint.beginPath();
      paint.arc(x, y, size + 4, 0, 7);
      paint.stroke();
    }
  }
  const redraw = () => { if (!waiting) { waiting = true; requestAnimationFrame(draw); } };
  function resize() {
    const box = canvas.getBoundingClientRect(), ratio = devicePixelRatio || 1;
    width = box.width; height = box.height;
    canvas.width = width * ratio; canvas.height = height * ratio;
    const side = Math.min(width, height) * .94;
    view = {scale: side, left: (width - side) / 2, top: (height - side) / 2};
    redraw();
  }
  function nearest(x, y) {
    const u = (x - view.left) / view.scale * 65535, v = (y - view.top) / view.scale * 65535;
    const reach = 12 / view.scale * 65535, from = a => cell(Math.max(0, Math.min(65535, a)));
    let best = -1, least = reach * reach;
    for (let r = from(v - reach); r <= from(v + reach); r++)
      for (let c = from(u - reach); c <= from(u + reach); c++)
        for (const i of grid[r * cells + c]) {
          const d = (xy[2 * i] - u) ** 2 + (xy[2 * i + 1] - v) ** 2;
          if (d < least) { least = d; best = i; }
        }
    return best;
  }
  function point(event) {
    const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    if (drag) {
      view.left += x - drag.x; view.top += y - drag.y; drag = {x, y};
      return redraw();
    }
    const now = nearest(x, y);
    tip.hidden = now < 0 || !data.labels.length;
    if (!tip.hidden) {
      tip.textContent = data.labels[now];
      tip.style.left = Math.max(0, Math.min(x + 14, width - tip.offsetWidth - 4)) + 'px';
      tip.style.top = canvas.offsetTop + Math.max(0, Math.min(y + 14, height - tip.offsetHeight - 4)) + 'px';
    }
    if (now !== chosen) { chosen = now; redraw(); }
  }
  canvas.addEventListener('pointermove', point);
  canvas.addEventListener('pointerdown', event => {
    const box = canvas.getBoundingClientRect();
    drag = {x: event.clientX - box.left, y: event.clientY - box.top};
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointerup', () => { drag = null; });
  canvas.addEventListener('pointerleave', () => { tip.hidden = true; chosen = -1; redraw(); });
  canvas.addEventListener('dblclick', resize);
  canvas.addEventListener('wheel', event => {
    event.preventDefault();
    const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    const by = Math.exp(-event.deltaY / 500), scale = Math.max(100, Math.min(1e5, view.scale * by));
    view.left = x - (x - view.left) * scale / view.scale;
    view.top = y - (y - view.top) * scale / view.scale;
    view.scale = scale;
    redraw();
  }, {passive: false});
  if (find) find.addEventListener('input', () => {
    const words = find.value.trim().toLowerCase();
    matches = words ? data.labels.map(label => label.toLowerCase().includes(words)) : null;
    redraw();
  });
  addEventListener('resize', resize);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  resize();
}
)js";

}  // namespace internal

namespace {
// Points stretched to fill 0 .. 65535 in the longer direction, the other centred; little-endian pairs.
std::vector<std::uint8_t> packed(MatrixView points) {
  float low[2] = {HUGE_VALF, HUGE_VALF}, high[2] = {-HUGE_VALF, -HUGE_VALF};
  for (std::size_t i = 0; i < points.rows; ++i) {
    for (std::size_t axis = 0; axis < 2; ++axis) {
      low[axis] = std::min(low[axis], points.row(i)[axis]);
      high[axis] = std::max(high[axis], points.row(i)[axis]);
    }
  }
  const double extent = std::max({static_cast<double>(high[0]) - low[0], static_cast<double>(high[1]) - low[1], 1e-30});
  std::vector<std::uint8_t> out;
  out.reserve(points.rows * 4);
  for (std::size_t i = 0; i < points.rows; ++i) {
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const double middle = (static_cast<double>(low[axis]) + high[axis]) / 2;
      const double part = (static_cast<double>(points.row(i)[axis]) - middle) / extent + 0.5;
      const auto unit = static_cast<std::uint16_t>(std::lround(std::clamp(part, 0.0, 1.0) * 65535));
      out.push_back(static_cast<std::uint8_t>(unit & 255U));
      out.push_back(static_cast<std::uint8_t>(unit >> 8));
    }
  }
  return out;
}
}  // namespace

Result<void> HtmlReport::map(const ReportMap& map) {
  constexpr std::string_view kStep = "drawing a map";
  const std::size_t n = map.points.rows;
  if (n > 0 && map.points.cols != 2) {
    return Error::invalid_argument(
        fmt::format("{}: points have {} coordinates; give 2, as layout_2d() does", kStep, map.points.cols));
  }
  if ((!map.labels.empty() && map.labels.size() != n) || (!map.groups.empty() && map.groups.size() != n)) {
    return Error::invalid_argument(fmt::format("{}: {} points but {} labels and {} groups; give one each, or none",
                                               kStep, n, map.labels.size(), map.groups.size()));
  }
  std::vector<std::uint8_t> groups;
  for (const std::uint32_t group : map.groups) {
    if (group >= map.group_names.size() || group > 255) {
      return Error::invalid_argument(
          fmt::format("{}: group {} has no name; at most 256 groups can be told apart", kStep, group));
    }
    groups.push_back(static_cast<std::uint8_t>(group));
  }
  QUIVER_TRY(check_finite(map.points, kStep));

  const Json data = {{"n", n},
                     {"points", internal::base64(packed(map.points))},
                     {"groups", internal::base64(groups)},
                     {"labels", map.labels}};
  const unsigned number = maps_++;
  body_ += fmt::format("<figure class=map id=map{}><figcaption>{}</figcaption>\n", number, escaped(map.title));
  for (std::size_t g = 0; g < map.group_names.size(); ++g) {
    body_ += fmt::format("<span class=key><i style=\"background:{}\"></i>{}</span>",
                         internal::colour(static_cast<unsigned>(g)), escaped(map.group_names[g]));
  }
  if (!map.labels.empty())
    body_ += "<div><input type=search placeholder=\"find in the labels\" aria-label=\"find in the labels\"></div>\n";
  body_ +=
      fmt::format("<canvas role=img aria-label=\"{}\"></canvas><div class=tip hidden></div>\n", escaped(map.title));
  if (!map.caption.empty()) body_ += fmt::format("<figcaption>{}</figcaption>", escaped(map.caption));
  body_ += fmt::format("</figure>\n<script>quiverMap(document.getElementById('map{}'), {})</script>\n", number,
                       internal::json_in_script(dump_json(data, -1)));
  return {};
}

}  // namespace quiver
