#!/usr/bin/env bash
# The Debian package of build/release in a fresh Debian 12: it installs with what it names and nothing else, runs on two
# ranks, has manual page and completion, and goes without a trace: package.sh [FOLDER]
# shellcheck source=tests/platforms/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

needs_packages dpkg-dev file
build=$source_dir/build/release
[[ -x $build/tren ]] || fail "there is no $build/tren; ./bootstrap build makes it"
make_root bookworm
(cd "$build" && cpack -G DEB) >"$work/cpack.log" 2>&1 || fail "$(tail -n 5 "$work/cpack.log")"
cp "$build"/tren_*.deb "$root/tmp/tren.deb"
in_root "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends /tmp/tren.deb" \
    >"$work/install.log" 2>&1 || fail "it does not install: $(tail -n 5 "$work/install.log")"
said=$(in_root "$(declare -f train_anywhere); cd /tmp && train_anywhere /usr/bin/tren")
echo "$said"
in_root "source /usr/share/bash-completion/completions/tren; COMP_WORDS=(tren tra) COMP_CWORD=1; _tren
    [[ \${COMPREPLY[*]} == train ]] || exit 1
    COMP_WORDS=(tren train --see) COMP_CWORD=2; _tren; [[ \${COMPREPLY[*]} == --seed ]]" || fail "completion does not work"
in_root "cp -r /usr/share/doc/tren/examples /tmp && cd /tmp && tren config examples/fashion-mnist.yaml --get epochs" >/dev/null ||
    fail "the examples do not work"
for file in man/man1/tren.1 doc/tren/docs/configuration.md tren/slurm/train.sbatch modulefiles/tren; do
    [[ -e $root/usr/share/$file ]] || fail "share/$file is not in the package"
done
in_root "dpkg --purge tren" >"$work/purge.log" 2>&1 || fail "$(cat "$work/purge.log")"
left=$(find "$root/usr" -path '*tren*' ! -path '*/doc/*' | head)
[[ -z $left ]] || fail "is left: $left"
: >"$work/ctest.log"
report "$said"
