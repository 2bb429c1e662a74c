# `cmake --install` puts headers, libraries and the binary in place; find_package(Quiver) gives quiver::core and friends.
