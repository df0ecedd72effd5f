#!/usr/bin/env bash
# The pages of the laboratory in a browser, as wide as a phone and as a screen, in both languages: no text is cut off, nothing is
# wider than the page, nothing goes wrong in the console.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

browser=
for name in chromium chromium-browser google-chrome; do
    command -v $name >/dev/null && browser=$name && break
done
[[ $browser ]] || skip "no headless browser (chromium)"
command -v gnuplot >/dev/null || skip "no gnuplot"

# Several experiments of several panels, of other settings than the judged ones, as they are fast.
run() { expect 0 "another setting" "$tren" lab run "$@" --ranks 1 --seeds 1 --out lab; }
run W4 --set trials=2
run S2 --set trials=1 --set rows=50,100,180,200,300,400
run E1 --set trials=1 --set steps=2000
run P1 --set trials=1 --set rows=25,50,100
run B1 --set draws=1 --set starts=1 --set iterations=20
for lang in en es; do
    "$tren" lab report lab --lang $lang --out report-$lang.html >/dev/null
    "$tren" lab worksheet --lang $lang --out worksheet-$lang.html >/dev/null
done

# A page in a frame of that width, and behind it what is wrong with it.
cat >frame.py <<'END_PY'
import html, sys
page, width = open(sys.argv[1]).read(), int(sys.argv[2])
script = """<script>
addEventListener('load', () => {
  const bad = [];
  if (innerWidth !== %d) bad.push('the frame is ' + innerWidth + ' wide');
  if (document.documentElement.scrollWidth > innerWidth) bad.push('the page is ' + document.documentElement.scrollWidth + ' wide');
  for (const e of document.querySelectorAll('h1,h2,p,li,td,th,div,ul,ol,code,img')) {
    if (e.matches('.scroll') || e.clientWidth === 0) continue;
    if (e.scrollWidth > e.clientWidth + 1) bad.push(e.tagName + ' is cut off: ' + e.textContent.slice(0, 60));
    if (e.tagName === 'IMG' && !(e.naturalWidth > 0)) bad.push('a picture is broken');
  }
  parent.document.title = bad.length ? 'BAD ' + bad.join(' | ') : 'GOOD ' + document.querySelectorAll('h2').length;
});
</script></body>""" % width
frame = '<iframe style="width:%dpx;height:2000px;border:0" srcdoc="%s"></iframe>'
print('<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>nothing</title>' +
      frame % (width, html.escape(page.replace('</body>', script))))
END_PY

look() { # FILE WIDTH
    local said
    /usr/bin/python3 frame.py "$1" "$2" >frame.html
    said=$(HOME=$PWD timeout 60 $browser --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
        --window-size=1400,2100 --virtual-time-budget=4000 --enable-logging=stderr --dump-dom "file://$PWD/frame.html" \
        2>browser.log | grep -o '<title>[^<]*' | head -n 1)
    [[ $said == "<title>GOOD "[1-9]* ]] || fail "$1 at $2 pixels: ${said#<title>}"
    ! grep -E 'CONSOLE.*(rror|Refused)' browser.log || fail "$1: errors in the console"
}
for page in {report,worksheet}-{en,es}.html; do
    look $page 360
    look $page 1280
done

# The test sees what it is for.
sed 's|</body>|<p style="width:900px">wide</p></body>|' report-en.html >wide.html
! (look wide.html 360) 2>/dev/null || fail "a paragraph wider than a phone was not seen"
