// The pictures of tests/data/images, and the pixels that tools/make_image_fixtures says they have. For _test.cc only.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "quiver/data/image.h"

namespace quiver::internal {

inline const std::string kImageFolder = "tests/data/images/";

inline std::string image_bytes(const std::string& name) {
  std::ifstream file(kImageFolder + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}
inline Image expected_image(const std::string& name) {
  std::istringstream text(image_bytes(name + ".pixels"));
  std::size_t height = 0, width = 0, channels = 0;
  text >> height >> width >> channels;
  text.get();
  Image image(height, width, channels);
  text.read(reinterpret_cast<char*>(image.pixels.data()), static_cast<std::streamsize>(image.pixels.size()));
  EXPECT_TRUE(text) << name;
  return image;
}
// How far the worst value of one is from the other's. Requires: equal shapes.
inline int farthest(const Image& a, const Image& b) {
  int worst = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) worst = std::max(worst, std::abs(a.pixels[i] - b.pixels[i]));
  return worst;
}
inline bool same_shape(const Image& a, const Image& b) {
  return a.height == b.height && a.width == b.width && a.channels == b.channels;
}

}  // namespace quiver::internal
