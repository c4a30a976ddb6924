#!/usr/bin/env bash
# The report in headless Chromium (`make page`): every figure of every experiment, made from the unit tests' trials, at 400
# and 1400 pixels, light and dark, and printed; and the same of a real run. No message on the console, nothing wider than
# the window, cut off or on top of something else, letters that can be read, captions that say how (look.html); colours
# for every eye (colours.py); on paper each figure whole (paper.py).
cd "$(dirname "$0")/../.." || exit 2
build=${BUILD:-build}
page=$PWD/$build/page
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
failures=0 passed=0
check() { # NAME COMMAND...
    if "${@:2}"; then passed=$((passed + 1)); else echo "FAIL $1" && failures=$((failures + 1)); fi
}

rm -rf "$page"
mkdir -p "$page"
MILLRACE_PAGE=$page "$build/release/unit/bench" --filter 'report/all_figures_are_on_one_page' >"$page/unit.log" 2>&1 ||
    { cat "$page/unit.log" && exit 1; }
# And a real run: its curves lie where curves do, its texts are as long as they get.
cp -r docs/reference/quick "$page/quick" && "$build/millrace" bench report "$page/quick" >"$page/report.log" 2>&1 ||
    { cat "$page/report.log" && exit 1; }
cp tests/page/look.html "$page"
cp tests/page/look.html "$page/quick"

browser() { # ARGUMENT...: what it prints, its messages in browser.log
    timeout 60 chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-extensions --user-data-dir="$profile" \
        --allow-file-access-from-files --enable-logging=stderr --virtual-time-budget=5000 "$@" 2>"$page/browser.log"
}
no_console() { ! grep -F ':CONSOLE' "$page/browser.log"; }
nothing_wrong() { grep -q '^looked$' "$page/$1.html" && ! grep '^WRONG' "$page/$1.html"; }
all_there() { # every drawing that the report made is on the page, in both widths
    local want
    want=$(cd "$page/figures" && ls -- *.svg | sed 's/\.svg$//' | sort | tr '\n' ' ')
    [ "$(grep -c 'figures' "$page/$1.html")" -ge 2 ] || return 1
    for width in 400 1400; do
        got=$(sed -n "s/^.*at $width: figures \(.*\) on .*/\1/p" "$page/$1.html" | tr ' ' '\n' | sort | tr '\n' ' ')
        [ "$got" = "$want" ] || { echo "at $width: $got, not $want" && return 1; }
    done
}
on_paper() { grep -q "on $2" "$page/$1.html" || { grep ' on ' "$page/$1.html" && return 1; }; }

browser --blink-settings=preferredColorScheme=1 --dump-dom "file://$page/look.html" >"$page/light.html"
check "light: a message on the console" no_console
check "light: the page" nothing_wrong light
check "light: figures" all_there light
check "light: the paper" on_paper light 'rgb(255, 255, 255)'
browser --blink-settings=preferredColorScheme=0 --dump-dom "file://$page/look.html" >"$page/dark.html"
check "dark: a message on the console" no_console
check "dark: the page" nothing_wrong dark
check "dark: figures" all_there dark
check "dark: the paper" on_paper dark 'rgb(22, 24, 28)'
browser --blink-settings=preferredColorScheme=1 --dump-dom "file://$page/quick/look.html" >"$page/quick/looked.html"
check "a real run: a message on the console" no_console
check "a real run: the page" nothing_wrong quick/looked
for report in "$page/report.html" "$page/quick/report.html"; do
    check "colours: a palette that not everybody can read" python3 tests/page/colours.py "$report"
done
for report in "$page/report" "$page/quick/report"; do
    browser --blink-settings=preferredColorScheme=0 --no-pdf-header-footer --print-to-pdf="$report.pdf" "file://$report.html"
    check "print: $report.pdf" python3 tests/page/paper.py "$report.html" "$report.pdf"
done

echo "$passed passed, $failures failed"
[ "$failures" -eq 0 ]
