#!/usr/bin/env bash
# Links, pipes and second names that somebody put into a run folder: no file outside is written, nothing hangs, and the
# message names the file.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_classes data.h5 200
run() { timeout 60 "$tren" train --data data.h5 --out "$1" --model.hidden 4 --epochs 2 --no-plots --progress off "${@:2}"; }
run good >/dev/null

intact() { # WHAT   The file that the links lead to.
    [[ $(cat victim) == precious && ! -e nowhere ]] || fail "$1: a file outside the run folder was written"
}

# Temporary names are taken over, whatever was put there.
for name in config.yaml last.h5 best.h5 previous.h5 metrics.csv result.json; do
    for kind in link dangling second pipe; do
        rm -rf planted victim && mkdir planted && echo precious >victim
        case $kind in
        link) ln -s ../victim "planted/$name.tmp" ;;
        dangling) ln -s ../nowhere "planted/$name.tmp" ;;
        second) ln victim "planted/$name.tmp" ;;
        pipe) mkfifo "planted/$name.tmp" ;;
        esac
        expect 0 "finished: reached epochs" run planted
        intact "$name.tmp, $kind"
        same_run good planted
    done
done

# What is kept open or goes on is refused.
for name in .lock run.log; do
    for kind in link dangling second pipe; do
        rm -rf planted victim && mkdir planted && echo precious >victim
        case $kind in
        link) ln -s ../victim "planted/$name" && message="it is a symbolic link, which is not followed; remove it" ;;
        dangling) ln -s ../nowhere "planted/$name" && message="it is a symbolic link, which is not followed; remove it" ;;
        second) ln victim "planted/$name" && message="the file has a second name (a hard link)" ;;
        pipe) mkfifo "planted/$name" && message="it is a pipe or a device; remove it" ;;
        esac
        expect 3 "$message" run planted
        grep -qF "$name: $message" output || fail "$name: $(cat output)"
        intact "$name, $kind"
    done
done

# The names of the files themselves are replaced by a rename, which follows nothing; a resumed run leaves config.yaml.
cp -r good again
for name in metrics.csv result.json config.yaml; do
    echo precious >victim
    ln -sf ../victim again/$name
    expect 0 "" run again --resume --epochs 3
    intact "$name"
    [[ $name == config.yaml || ! -L again/$name ]] || fail "$name is a link still"
done
