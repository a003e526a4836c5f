#!/bin/bash
# Looks with shellcheck at every shell script of the repository.
set -euo pipefail
git ls-files -z | xargs -0 grep -lIE '^#!(/bin/|/usr/bin/env )bash' | xargs shellcheck --external-sources --source-path=. --source-path=SCRIPTDIR/..
shellcheck --shell=bash --exclude=SC2034,SC2154 deploy/setup.sh tests/runner/parts.sh
