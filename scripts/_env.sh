# Shell functions shared by quickstart.sh, test.sh and docs.sh: the project's own virtual environment.
# shellcheck shell=bash
#
# GLUONFR_VENV    where the environment lies (default: .venv in the checkout)
# GLUONFR_PYTHON  the Python that it is made with (default: the first of 3.11, 3.10, 3.9, 3.8, 3.12 that runs; for an
#                 environment without MXNet the newest one)

say() { printf '== %s\n' "$*"; }
fail() { printf 'gluonfr: %s\n' "$*" >&2; exit 1; }

# Of the Pythons that will do, the last one, and all in the order of trial: those for which MXNet works.
LAST=3.12 PYTHONS="3.11 3.10 3.9 3.8 3.12"

# True if "$1" runs and is one of them. A command may exist and not run (pyenv's stand-ins).
fitting_python() {
    "$1" -c 'import sys; sys.exit(not (3, 8) <= sys.version_info[:2] <= tuple(map(int, sys.argv[1].split("."))))' \
        "$LAST" >/dev/null 2>&1
}

find_python() {
    local version name names=()
    if [ -n "${GLUONFR_PYTHON:-}" ]; then
        fitting_python "$GLUONFR_PYTHON" || fail "GLUONFR_PYTHON=$GLUONFR_PYTHON does not run, or is not Python 3.8-$LAST."
        printf '%s\n' "$GLUONFR_PYTHON"
        return
    fi
    for version in $PYTHONS; do  # by its name, or as pyenv installs it
        names+=("python$version" "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions/$version".*/bin/python)
    done
    for name in "${names[@]}" python3 python; do
        if fitting_python "$name"; then
            printf '%s\n' "$name"
            return
        fi
    done
    fail "no Python 3.8-$LAST was found. Install one (Debian, Ubuntu: apt-get install python3.11 python3.11-venv;" \
        "Fedora: dnf install python3.11), or name one: GLUONFR_PYTHON=/path/to/python $0"
}

# What the stamp holds once an installation is complete: it changes with what is to be installed.
fingerprint() {
    cat "$ROOT/setup.py" "$ROOT/gluonfr/version.py" | cksum | tr -d '\n'
    printf ' %s\n' "$ROOT"
}

# prepare_env EXTRAS: make the environment hold gluonfr (as a link to this checkout) with EXTRAS, such as cpu,demo.
# Does nothing when it already does. An interrupted installation leaves no stamp and is done again.
prepare_env() {
    local extras=$1 venv=${GLUONFR_VENV:-$ROOT/.venv} clear="" imports="gluonfr, mxnet" python wanted stamp log version
    case ,$extras, in
        *,cpu,* | *,cu112,*) ;;
        *) LAST=3.14 PYTHONS="3.14 3.13 3.12 3.11 3.10 3.9 3.8" imports=gluonfr ;;
    esac
    case $venv in
        /*) ;;
        *) venv=$PWD/$venv ;;
    esac
    wanted=$(fingerprint)
    PYTHON=$venv/bin/python
    for stamp in "$venv/gluonfr-$extras"*.stamp; do  # that of cpu,demo,dev holds for cpu,demo too
        if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && fitting_python "$PYTHON"; then
            say "environment $venv is ready"
            return
        fi
    done
    if ! fitting_python "$PYTHON" || ! "$PYTHON" -m pip --version >/dev/null 2>&1; then
        python=$(find_python) || exit 1
        say "making the environment $venv with $("$python" --version)"
        "$python" -c 'import ensurepip, venv' 2>/dev/null ||
            fail "$python lacks the module venv. Install it (Debian, Ubuntu: apt-get install python3-venv)."
        [ -n "${GLUONFR_VENV:-}" ] || clear=--clear  # never empty a folder that someone else named
        "$python" -m venv $clear "$venv" || fail "cannot make the environment $venv: see the message above."
    fi
    log=$venv/install.log
    say "installing gluonfr[$extras] from the package index (about 1 GB on disk, a few minutes; log: $log)"
    if ! "$PYTHON" -m pip install --upgrade pip >"$log" 2>&1 ||
        ! "$PYTHON" -m pip install -e "${ROOT}[$extras]" >>"$log" 2>&1; then
        explain_failure "$log"
    fi
    if ! "$PYTHON" -c 'import cv2' >>"$log" 2>&1; then
        say "OpenCV lacks a library of a desktop: taking its form for servers"
        version=$("$PYTHON" -m pip show opencv-python | sed -n 's/^Version: //p')
        "$PYTHON" -m pip install --force-reinstall --no-deps "opencv-python-headless==$version" >>"$log" 2>&1 ||
            explain_failure "$log"
    fi
    "$PYTHON" -c "import $imports" || fail "it is installed but cannot be imported: see the message above."
    printf '%s\n' "$wanted" >"$venv/gluonfr-$extras.stamp"
}

# What pip says when it gets nothing from the index.
NETWORK_SIGNS='ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|name resolution|name or service'
NETWORK_SIGNS+='|could not fetch|network is unreachable|connection (refused|reset|broken|aborted)|from versions: none'

# explain_failure LOG: the end of pip's log, and what to do about it.
explain_failure() {
    tail -n 15 "$1" >&2
    if grep -qi 'no space left' "$1"; then
        fail "the disk is full: free about 1.5 GB and run the command again."
    elif grep -qiE "$NETWORK_SIGNS" "$1"; then
        fail "the package index cannot be reached, or lacks a package. Check the network, https_proxy and pip's" \
            "index-url, and run the command again."
    fi
    fail "pip could not install the packages: see above and $1."
}

# run_gluonfr ARGUMENTS: the gluonfr command of the environment in use, else that of .venv.
run_gluonfr() {
    if ! command -v gluonfr >/dev/null 2>&1; then
        prepare_env "${GLUONFR_EXTRAS:-cpu}"  # GLUONFR_EXTRAS=cu112 for NVIDIA GPUs
        PATH=$(dirname "$PYTHON"):$PATH
    fi
    say "gluonfr $*"
    gluonfr "$@"
}
