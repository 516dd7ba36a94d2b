#!/bin/sh
# Debian packages that tests of browser, OCR, engines and infrastructure want: installed where this is root on Debian, named otherwise.
# Never fails: those tests skip, and say why, where the programs are missing.
missing=""
command -v chromium >/dev/null 2>&1 || missing="chromium"
# Playwright's driver wants it, and a small Debian does not have it.
command -v dpkg >/dev/null 2>&1 && { dpkg -s libatomic1 >/dev/null 2>&1 || missing="$missing libatomic1"; }
command -v tesseract >/dev/null 2>&1 || missing="$missing tesseract-ocr tesseract-ocr-ita"
command -v mvn >/dev/null 2>&1 || missing="$missing maven"
command -v javac >/dev/null 2>&1 || missing="$missing default-jdk-headless"
command -v node >/dev/null 2>&1 || missing="$missing nodejs"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Debian packages for tests of browser, OCR, engines, infrastructure:$( printf ' %s' $missing ) …"
  # shellcheck disable=SC2086 - a list of names
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing) \
    >/dev/null 2>&1 || echo "They could not be installed; the tests that need them will skip."
else
  echo "Tests of browser, OCR, engines or infrastructure will skip. To run them: sudo apt-get install $(echo $missing)"
fi
exit 0
