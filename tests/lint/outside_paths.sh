#!/bin/bash
# The project stands alone: no file names a folder outside of it.
set -euo pipefail
pattern='\.\./(\.\./)*sha''red/|/wor''k/(main|trees|sha''red)|/tm''p/orion'
if git grep -nIE -e "$pattern"; then
  echo "These lines name folders outside the repository."
  exit 1
fi
