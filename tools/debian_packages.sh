#!/bin/sh
# Debian packages that browser and OCR tests want: installed where this is root on Debian, named otherwise.
# Never fails: those tests skip, and say why, where the programs are missing.
missing=""
command -v chromium >/dev/null 2>&1 || missing="chromium"
command -v tesseract >/dev/null 2>&1 || missing="$missing tesseract-ocr tesseract-ocr-ita"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Debian packages for browser and OCR tests:$( printf ' %s' $missing ) …"
  # shellcheck disable=SC2086 - a list of names
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing) \
    >/dev/null 2>&1 || echo "They could not be installed; the tests that need them will skip."
else
  echo "Browser and OCR tests will skip. To run them: sudo apt-get install $missing"
fi
exit 0
