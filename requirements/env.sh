#!/bin/sh
# Makes .venv and fills it from the locks beside this file.
#
#   env.sh run             what running needs
#   env.sh dev [qt]        and what tests, checks and benchmarks need, Qt beside Tk where one wants both
#   env.sh web             and what the page needs
#   env.sh spark           and Spark, beside what tests need
#   env.sh lock [OPTION]   makes the locks anew, with options of `uv pip compile` (--upgrade)
#
# Every step leaves a stamp of what it was made from, so that nothing is done twice. An install that was cut off
# leaves its mark and is begun afresh, as is one that stands elsewhere now or whose Python has changed.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONPATH PYTHONHOME
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

venv=.venv
python_in=$venv/bin/python
stamps=$venv/stamps
mark=$venv/installing # holds the process that installs
newest=14             # the last Python 3.x for which everything in the locks has wheels

fail() {
    echo "stockstream: $*" >&2
    exit 1
}

is_python() { # program, newest minor version
    "$1" -I -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $2))" >/dev/null 2>&1
}

can_make_environments() {
    "$1" -I -c 'import ensurepip, venv' 2>/dev/null
}

identity() { # of a Python, the same in an environment made from it
    "$1" -I -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.base_prefix)' 2>/dev/null
}

find_python() { # sets $python
    unable=
    if [ -n "${PYTHON:-}" ]; then
        is_python "$PYTHON" 99 || fail "PYTHON=$PYTHON is not a Python 3.11 or later"
        set -- "$PYTHON"
    else
        set -- python3 python3.14 python3.13 python3.12 python3.11
    fi
    for python in "$@"; do
        [ -n "${PYTHON:-}" ] || is_python "$python" "$newest" || continue
        if can_make_environments "$python"; then
            return
        fi
        unable=${unable:-$python}
    done
    if [ -n "$unable" ]; then
        package=$("$unable" -I -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        fail "$unable cannot make environments, it lacks ensurepip - on Debian and Ubuntu: apt-get install $package"
    fi
    fail "no Python 3.11 to 3.$newest found - install one, or name it: make PYTHON=/path/to/python3"
}

patiently() { # runs a command; on a terminal, seconds show that it goes on
    if [ ! -t 2 ]; then
        "$@"
        return
    fi
    (
        seconds=0
        while sleep 5 && kill -0 $$ 2>/dev/null; do
            seconds=$((seconds + 5))
            printf '\r%4d s ' $seconds >&2
        done
    ) &
    clock=$!
    result=0
    "$@" || result=$?
    kill $clock 2>/dev/null || true
    printf '\r        \r' >&2
    return $result
}

install() {
    patiently "$python_in" -I -m pip --quiet install "$@"
}

# Stamps

key() { # of a step: what its result depends on
    case $1 in
    venv) echo "$(identity "$python_in" || echo none) $(pwd -P)" ;;
    run) cat requirements/run.txt requirements/qt.txt | cksum ;;
    dev | qt | web | spark) cksum <"requirements/$1.txt" ;;
    project) cat setup.cfg pyproject.toml stockstream/version.py | cksum ;;
    esac
}

is_done() {
    [ "$(cat "$stamps/$1" 2>/dev/null)" = "$(key "$1")" ]
}

stamp() {
    key "$1" >"$stamps/$1"
}

is_wanted_python() {
    [ -z "${PYTHON:-}" ] || [ "$(identity "$PYTHON")" = "$(identity "$python_in")" ]
}

is_complete() {
    [ ! -e "$mark" ] && is_wanted_python || return 1
    for step in venv "$@" project; do
        is_done "$step" || return 1
    done
}

# Steps

begin() { # one process at a time installs
    said=
    until mkdir -p "$venv" && (set -C && echo $$ >"$mark") 2>/dev/null; do
        if kill -0 "$(cat "$mark" 2>/dev/null)" 2>/dev/null; then
            [ -n "$said" ] || echo "Waiting for another make that installs into $venv ..." >&2
            said=yes
            sleep 1
        else
            rm -rf "$venv"
        fi
    done
}

make_venv() {
    find_python
    echo "Making $venv with Python $("$python" -c 'import platform; print(platform.python_version())')" \
        "(once, about a minute) ..." >&2
    for entry in "$venv"/* "$venv"/.[!.]*; do
        [ "$entry" = "$mark" ] || rm -rf "$entry"
    done
    "$python" -I -m venv "$venv"
    mkdir -p "$stamps"
    stamp venv
}

install_lock() {
    lock=requirements/$1.txt
    case $1 in
    run) "$python_in" -I -c 'import tkinter' 2>/dev/null || lock=requirements/qt.txt ;; # windows need one of them
    dev) echo "Installing what tests, checks and benchmarks need ..." >&2 ;;
    web) echo "Installing what the page needs ..." >&2 ;;
    spark) echo "Installing Spark ..." >&2 ;;
    esac
    install --require-hashes -r "$lock" || fail "the packages of $lock could not be installed (see above) -" \
        "is the package registry reachable?"
    stamp "$1"
}

install_project() {
    install --no-deps --no-build-isolation -e . || {
        rm -f "$mark" # a mistake in setup.cfg is no reason to begin afresh
        fail "the project itself could not be installed (see above)"
    }
    stamp project
}

make_environment() {
    is_complete "$@" && return
    begin
    trap 'exit 130' INT TERM HUP
    is_wanted_python && is_done venv || make_venv
    for lock in "$@"; do
        is_done "$lock" || install_lock "$lock"
    done
    is_done project || install_project
    rm -f "$mark"
}

make_locks() {
    find_python
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    echo "Making the locks ..." >&2
    "$python" -I -m venv "$scratch"
    "$scratch/bin/python" -I -m pip --quiet install uv
    for lock in run qt dev web spark; do
        case $lock in
        run) inputs= ;;
        web | spark) inputs="--extra $lock --constraint requirements/run.txt --constraint requirements/dev.txt" ;;
        *) inputs="--extra $lock --constraint requirements/run.txt" ;;
        esac
        # shellcheck disable=SC2086
        "$scratch/bin/uv" --quiet pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
            --custom-compile-command "make lock" "$@" $inputs setup.cfg requirements/build.in \
            --output-file "requirements/$lock.txt"
    done
    for peer in benchmarks/peers/*.in; do # each by itself: they want versions that we do not have
        "$scratch/bin/uv" --quiet pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
            --custom-compile-command "make lock" "$@" "$peer" --output-file "${peer%.in}.txt"
    done
}

case ${1:-} in
run) make_environment run ;;
dev)
    shift
    make_environment run dev "$@"
    ;;
web) make_environment run web ;;
spark) make_environment run dev spark ;;
lock)
    shift
    make_locks "$@"
    ;;
*) fail "usage: env.sh run | dev [qt] | web | spark | lock [OPTION ...]" ;;
esac
