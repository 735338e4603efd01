#!/bin/sh
# Asks whether a version in the locks has a known vulnerability; pip-audit does so, in an environment of its own.
#
# Behind a mirror it may have no data, and finds nothing in anything. So it is asked about a version that is known to be
# vulnerable first: if it does not know that one, nothing was audited, and this says so.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONPATH PYTHONHOME

environment=.venv/audit
audit=${PIP_AUDIT:-$environment/bin/pip-audit}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

skip() {
    echo "audit skipped: $*"
    exit 0
}

ask() { # about a file of requirements; what is found is in $scratch/found
    "$audit" --strict --disable-pip --require-hashes --progress-spinner off -r "$1" >"$scratch/found" 2>"$scratch/said"
}

if [ ! -x "$audit" ]; then
    echo "Installing pip-audit (once) ..." >&2
    .venv/bin/python -I -m venv "$environment"
    "$environment/bin/python" -I -m pip --quiet --disable-pip-version-check install pip-audit >"$scratch/said" 2>&1 ||
        skip "pip-audit cannot be installed here"
fi

echo "pyyaml==5.3 --hash=sha256:e9f45bd5b92c7974e59bcd2dcc8631a6b6cc380a904725fce7bc08872e691615" >"$scratch/known.txt"
if ask "$scratch/known.txt" || ! grep -qE 'PYSEC-|GHSA-|CVE-' "$scratch/found"; then
    skip "the data on known vulnerabilities cannot be reached from here"
fi
failed=0
for lock in requirements/run.txt requirements/qt.txt requirements/dev.txt requirements/web.txt requirements/spark.txt; do
    if ask "$lock"; then
        echo "$lock: no known vulnerability"
    else
        failed=1
        echo "$lock:"
        cat "$scratch/found" "$scratch/said"
    fi
done
exit $failed
