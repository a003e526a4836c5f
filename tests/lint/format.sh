#!/bin/bash
# clang-format over every C++ file; says which differ and how.
set -euo pipefail
git ls-files -z -- 'src/*.h' 'src/*.cpp' 'tests/*.h' 'tests/*.cpp' 'bench/*.h' 'bench/*.cpp' | xargs -0 clang-format-19 --dry-run -Werror
