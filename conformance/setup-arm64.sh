#!/usr/bin/env bash
# setup-arm64.sh ROOT
#
# Builds, from public packages alone, an arm64 Python with the arm64 ncnn wheel
# that runs on any Debian 12 machine under qemu's user-mode emulation, and
# leaves a launcher ROOT/python that behaves like a python executable.
#
# Why: ncnn's fp16 and bf16 kernels exist only in its ARM build; an x86 wheel
# runs the same net in fp32. maskctl claims to reproduce those kernels bit for
# bit, and the only honest judge is the released arm64 wheel itself.
#
# Needs: root (only if qemu-user-static has to be installed), apt, dpkg,
# a python3 with pip, and the package sources the machine already uses.
# Safe to run again: what is already there is kept. To start afresh, delete ROOT.
#
# Settings, by environment variable:
#   PYTHON            python whose pip downloads the wheels   (python3)
#   NCNN_VERSION      version of the ncnn wheel               (1.0.20261020)
#   NUMPY_SPEC        requirement for numpy                   (numpy)
#   MASKCTL_ARM64_CPU read by the launcher, at run time: the emulated CPU (max)
set -euo pipefail

if [ $# -ne 1 ]; then
    echo "usage: $0 ROOT" >&2
    exit 2
fi
mkdir -p "$1"
root=$(cd "$1" && pwd)

python=${PYTHON:-python3}
# The fp16 recipes in maskctl are of this one build: another release may order
# its sums differently, so the version is pinned here and not left to pip.
ncnn_version=${NCNN_VERSION:-1.0.20261020}
numpy_spec=${NUMPY_SPEC:-numpy}

# Downloads and apt's scratch state live under ROOT and go at the end.
work=$root/.setup
mkdir -p "$work"

# --- 1. qemu ---------------------------------------------------------------
# The static build, because -L below redirects the guest's libraries only:
# a dynamic qemu would be no help and needs more packages.
if ! command -v qemu-aarch64-static >/dev/null; then
    echo "installing qemu-user-static"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends qemu-user-static
fi

# --- 2. arm64 python and its libraries --------------------------------------
# Unpacked with dpkg -x, not installed: no maintainer scripts have to run under
# emulation, and `dpkg --add-architecture` on the host is not needed.
debs=(
    libc6 libgcc-s1 libstdc++6 libgomp1               # what any C++ wheel needs
    python3.11-minimal libpython3.11-minimal libpython3.11-stdlib
    zlib1g libexpat1                                  # linked by the interpreter
    libffi8 libssl3 libbz2-1.0 liblzma5 libuuid1      # linked by stdlib modules
    libsqlite3-0 libreadline8 libtinfo6 libncursesw6 libdb5.3 libcrypt1
    libnsl2 libtirpc3 libgssapi-krb5-2 libkrb5-3 libkrb5support0 libk5crypto3
    libcom-err2 libkeyutils1
)
if [ ! -e "$root/.debs-done" ]; then
    apt_dir=$work/apt
    mkdir -p "$apt_dir"/{state/lists/partial,cache/archives/partial,sources,debs}
    : >"$apt_dir/status"          # an empty dpkg status: nothing is installed

    # Only the distribution's own entries: third-party sources on the host
    # often have no arm64 index, and apt-get update would trip over them.
    found=
    for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
        [ -f "$f" ] || continue
        if [ "$f" = /etc/apt/sources.list ] || grep -q 'debian-archive' "$f"; then
            cp "$f" "$apt_dir/sources/"
            found=1
        fi
    done
    if [ -z "$found" ]; then
        cp /etc/apt/sources.list.d/* "$apt_dir/sources/"
    fi
    if [ -f "$apt_dir/sources/sources.list" ]; then
        # apt reads only *.list and *.sources in a parts folder; this name ends in .list
        mv "$apt_dir/sources/sources.list" "$apt_dir/sources/main.list"
    fi

    # A state, cache and source list of its own, so that the host's apt keeps
    # knowing only its own architecture and its own lists.
    apt_opts=(
        -o APT::Architecture=arm64
        -o APT::Architectures=arm64
        -o Dir::State="$apt_dir/state"
        -o Dir::State::lists="$apt_dir/state/lists"
        -o Dir::State::status="$apt_dir/status"
        -o Dir::Cache="$apt_dir/cache"
        -o Dir::Etc::sourcelist=/dev/null
        -o Dir::Etc::sourceparts="$apt_dir/sources"
        -o APT::Sandbox::User=root     # ROOT may not be readable to apt's own user
        -o Acquire::Languages=none
    )
    echo "downloading the arm64 packages"
    apt-get "${apt_opts[@]}" -qq update
    (cd "$apt_dir/debs" && apt-get "${apt_opts[@]}" -qq download "${debs[@]}")
    for deb in "$apt_dir"/debs/*.deb; do
        dpkg -x "$deb" "$root"
    done
    touch "$root/.debs-done"
fi

# --- 3. the wheels ------------------------------------------------------------
# Debian's python looks for packages in dist-packages below its prefix.
site=$root/usr/local/lib/python3.11/dist-packages
stamp="ncnn==$ncnn_version $numpy_spec"
if [ "$(cat "$root/.wheels-done" 2>/dev/null || true)" != "$stamp" ]; then
    rm -rf "$work/wheels" "$site"
    mkdir -p "$work/wheels" "$site"
    # --no-deps: ncnn's other requirements (opencv, requests, ...) serve its
    # model zoo, which is not used here.
    for spec in "ncnn==$ncnn_version" "$numpy_spec"; do
        "$python" -m pip download --quiet --only-binary=:all: --no-deps \
            --implementation cp --python-version 3.11 \
            --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 \
            --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 \
            --dest "$work/wheels" "$spec"
    done
    # A wheel is a zip; the host's python unpacks it, so unzip is not needed.
    for wheel in "$work"/wheels/*.whl; do
        "$python" -m zipfile -e "$wheel" "$site"
    done
    printf '%s\n' "$stamp" >"$root/.wheels-done"
fi

# --- 4. the cache ---------------------------------------------------------------
# ncnn reads the size of the second-level cache from the system, cuts its matrices
# into tiles by it, and so adds up in another order on another machine. qemu looks
# below ROOT first: every emulated CPU has the 1 MB that maskctl computes for.
for cpu in $(seq 0 63); do
    cache=$root/sys/devices/system/cpu/cpu$cpu/cache/index0
    mkdir -p "$cache"
    echo 2 >"$cache/level"
    echo Unified >"$cache/type"
    echo 1024K >"$cache/size"
    echo 1 >"$cache/shared_cpu_map"
done

# --- 5. the launcher ------------------------------------------------------------
# -cpu max has half-precision arithmetic (asimdhp) and bf16; a weaker CPU can be
# chosen at run time to see ncnn's fallbacks (cortex-a53: no fp16 arithmetic).
# -E sets the variables for the guest alone: qemu itself is a host program and
# must not see the guest's libraries. PYTHONNOUSERSITE keeps the host user's own
# x86 packages out; PYTHONPATH is unset for the same reason.
# To hand a path to the guest all the same, set MASKCTL_ARM64_PYTHONPATH.
cat >"$root/python.new" <<'LAUNCHER'
#!/usr/bin/env bash
# arm64 python under qemu; written by setup-arm64.sh
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
libs=$root/lib/aarch64-linux-gnu:$root/usr/lib/aarch64-linux-gnu
guest_path=(-U PYTHONPATH)
if [ -n "${MASKCTL_ARM64_PYTHONPATH:-}" ]; then
    guest_path=(-E "PYTHONPATH=$MASKCTL_ARM64_PYTHONPATH")
fi
exec qemu-aarch64-static -L "$root" -cpu "${MASKCTL_ARM64_CPU:-max}" \
    -E "PYTHONHOME=$root/usr" -E "LD_LIBRARY_PATH=$libs" -E PYTHONNOUSERSITE=1 \
    "${guest_path[@]}" "$root/usr/bin/python3.11" "$@"
LAUNCHER
chmod +x "$root/python.new"
mv "$root/python.new" "$root/python"
rm -rf "$work"

# --- 6. proof -----------------------------------------------------------------
"$root/python" -c '
import platform, ncnn, numpy
print("machine", platform.machine())
print("ncnn", ncnn.__version__)
print("numpy", numpy.__version__)
print("fp16 arithmetic", bool(ncnn.cpu_support_arm_asimdhp()))
'
