// Counts tests out of runners' reports and prints `PASSED FAILED`.
//   count.mjs ctest FOLDER           ctest.xml (JUnit) and one GoogleTest JSON per program
//   count.mjs vitest FILE STATUS     Vitest's JSON report and the exit code of the run
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Every program of ctest; those that left a GoogleTest report count by their tests. */
function countCtest(folder) {
  const junit = join(folder, "ctest.xml");
  if (!existsSync(junit)) return { passed: 0, failed: 1 };
  const total = { passed: 0, failed: 0 };
  for (const [, name, status] of readFileSync(junit, "utf8").matchAll(/<testcase name="([^"]*)"[^>]*? status="([^"]*)"/g)) {
    const report = join(folder, `${name}.json`);
    const tests = existsSync(report) ? googleTests(report) : { passed: 0, failed: 0 };
    const ran = status === "run";
    // A program that crashed, or that is no GoogleTest program, is one test itself.
    if (!ran && tests.failed === 0) tests.failed = 1;
    if (ran && tests.passed + tests.failed === 0) tests.passed = 1;
    total.passed += tests.passed;
    total.failed += tests.failed;
  }
  return total;
}

function googleTests(file) {
  const tests = { passed: 0, failed: 0 };
  for (const suite of JSON.parse(readFileSync(file, "utf8")).testsuites) {
    for (const test of suite.testsuite) {
      if (test.result !== "COMPLETED") continue;
      if (test.failures?.length) tests.failed += 1;
      else tests.passed += 1;
    }
  }
  return tests;
}

/** A file that could not be loaded, and an error outside all tests, count as one failed test each. */
function countVitest(file, status) {
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(file, "utf8"));
  const unloaded = report.testResults.filter((f) => f.status === "failed" && f.assertionResults.length === 0).length;
  const failed = report.numFailedTests + unloaded;
  return { passed: report.numPassedTests, failed: failed === 0 && status !== 0 ? 1 : failed };
}

const [kind, path, status] = process.argv.slice(2);
const { passed, failed } = kind === "ctest" ? countCtest(path) : countVitest(path, Number(status));
if (kind === "ctest" && !readdirSync(path).length) process.exit(1);
console.log(`${passed} ${failed}`);
