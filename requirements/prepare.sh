# Makes .venv and installs what requirements/$1.txt pins (run or dev); does nothing when that is done already.
# POSIX sh, so that a machine with Python, git and make needs nothing else. Called by the Makefile, in the root.
set -eu

wanted=$1
stamp=.venv/installed-$wanted.txt

stop() {
    echo "$1" >&2
    exit 1
}

find_python() {
    for name in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

make_venv() {
    python=$(find_python)
    [ -n "$python" ] || stop "Python 3.11 or newer is missing: install it, on Debian by 'apt install python3 python3-venv'."
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        stop "Python's venv is missing: install it, on Debian by 'apt install python3-venv'."
    echo "Making .venv …"
    rm -rf .venv
    "$python" -m venv .venv || stop "Making .venv failed: remove it and run make again."
}

cmp -s "requirements/$wanted.txt" "$stamp" && exit 0
.venv/bin/python -c 'import pip' 2>/dev/null || make_venv
echo "Installing requirements/$wanted.txt …"
.venv/bin/python requirements/install.py "$wanted" || stop "Installing requirements/$wanted.txt failed: see above, then run make again."
cp "requirements/$wanted.txt" "$stamp"
