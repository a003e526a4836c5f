# The parts of ./test. Each runs its runners and counts every single test into $passed and $failed.
# Sourced by ./test after deploy/setup.sh.
passed=0 failed=0
declare -a part_lines=()
results=$root/build/test-results
mkdir -p "$results"

count() {
  passed=$((passed + $1)) failed=$((failed + $2))
  part_lines+=("$3: $1 passed, $2 failed")
  say "$3: $1 passed, $2 failed"
}

summary() {
  local line
  echo "All parts:"
  for line in "${part_lines[@]}"; do echo "          $line"; done
}

finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

# check NAME COMMAND…: a step that is itself one test.
check() {
  local name=$1 began=$SECONDS
  shift
  if "$@" >"$results/check.log" 2>&1; then
    lint_passed=$((lint_passed + 1))
    say "ok    $name ($((SECONDS - began)) s)"
  else
    lint_failed=$((lint_failed + 1))
    cat "$results/check.log" >&2
    say "FAIL  $name ($((SECONDS - began)) s)"
  fi
}

part_lint() {
  local lint_passed=0 lint_failed=0
  cmake --preset release -DMACHI_TESTS=ON >"$results/configure.log" || stop "CMake failed: $(tail -5 "$results/configure.log")"
  check "shell scripts (shellcheck)" tests/lint/shell.sh
  check "formatting (clang-format)" tests/lint/format.sh
  check "includes point downwards" node tests/lint/includes.mjs
  check "no paths outside the repository" tests/lint/outside_paths.sh
  check "TypeScript (tsc --strict)" npm run --silent types
  check "TypeScript (ESLint)" npm run --silent lint
  # clang-tidy reads the precompiled header, which the build makes.
  build release -- -DMACHI_TESTS=ON
  check "static analysis (clang-tidy)" node tests/lint/clang_tidy.mjs
  count $lint_passed $lint_failed lint
}

# unit_tests PRESET: all of ctest; a GoogleTest program counts by its tests, another program (a fuzz corpus) as one.
unit_tests() {
  local preset=$1 folder=$results/unit-$1 counts
  rm -rf "$folder" && mkdir -p "$folder"
  GTEST_OUTPUT="json:$folder/" ctest --test-dir "build/$preset" --output-on-failure --timeout 600 --output-junit "$folder/ctest.xml" >&2 || true
  counts=$(node tests/runner/count.mjs ctest "$folder")
  # shellcheck disable=SC2086 # two numbers
  count $counts "unit ($preset)"
}

part_unit() {
  build release -- -DMACHI_TESTS=ON
  unit_tests release
}

# vitest_tests FOLDER LABEL [VARIABLE=VALUE…]
vitest_tests() {
  local folder=$1 label=$2 report status=0 counts
  shift 2
  report=$results/vitest-${label//[^a-z]/-}.json
  rm -f "$report"
  env "$@" npx --no-install vitest run --config "$folder/vitest.config.ts" --reporter=default --reporter=json \
    --outputFile.json="$report" >&2 || status=$?
  counts=$(node tests/runner/count.mjs vitest "$report" "$status")
  # shellcheck disable=SC2086 # two numbers
  count $counts "$label"
}

part_api() {
  build release machi
  vitest_tests tests/api api
}

part_browser() {
  build release machi
  build_web
  vitest_tests tests/browser browser
}

part_faults() {
  build release machi
  vitest_tests tests/faults faults
}

part_conformance() {
  if [ -z "${MACHI_CONFORMANCE_RUNNER-}" ] || [ -z "${MACHI_ORION_CHECKOUT-}" ]; then
    say "conformance: skipped. Set MACHI_CONFORMANCE_RUNNER (run_cases.py) and MACHI_ORION_CHECKOUT to run it."
    return
  fi
  build release machi
  local counts
  counts=$(tests/conformance/run.sh "$MACHI_CONFORMANCE_RUNNER" "$MACHI_ORION_CHECKOUT" "$results")
  # shellcheck disable=SC2086 # two numbers
  count $counts conformance
}

part_sanitizers() {
  local preset
  export ASAN_SYMBOLIZER_PATH TSAN_OPTIONS ASAN_OPTIONS UBSAN_OPTIONS
  ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer-19 || true)
  TSAN_OPTIONS="external_symbolizer_path=$ASAN_SYMBOLIZER_PATH halt_on_error=1 second_deadlock_stack=1"
  ASAN_OPTIONS="detect_stack_use_after_return=1 strict_string_checks=1"
  UBSAN_OPTIONS="print_stacktrace=1"
  for preset in asan tsan; do
    build "$preset"
    unit_tests "$preset"
    vitest_tests tests/api "api ($preset)" "TEST_MACHI_PROGRAM=$root/build/$preset/machi"
  done
}
