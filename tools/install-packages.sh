#!/bin/sh
# tools/install-packages.sh - installs the Debian packages that osteon needs
#
# usage: tools/install-packages.sh [--check] [--build-only]
#
#   --check       only say what is missing; exit status 1 if anything is
#   --build-only  without the packages that only the tests use
#
# Says what is missing and what it is for, then installs it with apt-get (as
# root, or through sudo).  Does nothing where nothing is missing.
set -eu

check=no
tests=yes
for word in "$@"; do
    case $word in
    --check) check=yes ;;
    --build-only) tests=no ;;
    -h | --help)
        sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//;p}' "$0"
        exit 0
        ;;
    *)
        echo "install-packages.sh: unknown option '$word'" >&2
        exit 2
        ;;
    esac
done

# package, what it is for
build_packages='
cmake                   configures the build
ninja-build             runs the build
gcc                     compiles the C code
g++                     compiles the C++ shims around libraries
libc6-dev               headers of the C library
pkg-config              finds the libraries below
libjansson-dev          reads JSON
liblmdb-dev             the index of the store
libarchive-dev          zip and tar archives, in and out
libcurl4-openssl-dev    data from URLs
libssl-dev              SHA-256
libzstd-dev             compressed archives
libdnnl-dev             convolutions and matrix products (oneDNN)
zlib1g-dev              gzip around NIfTI volumes, PNG previews
libpng-dev              PNG images
libjpeg62-turbo-dev     JPEG images
libtiff-dev             TIFF images
libdcmtk-dev            DICOM images
libopenjp2-7-dev        JPEG 2000 inside DICOM
libboost-dev            probability distributions (Boost.Math)
libeigen3-dev           singular values, for distances of image sets (Eigen)
librsvg2-2              figures of reports as PNG, opened on use
'
test_packages='
libcmocka-dev           unit tests
python3                 test scripts and a local web server
procps                  tests that look for left-over processes
zip                     test archives
zstd                    test archives
'

installed() {
    dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null |
        grep -qx installed
}

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "install-packages.sh: this is not a Debian system;" \
        "install the counterparts of these packages:" >&2
    printf '%s%s' "$build_packages" "$test_packages" >&2
    exit 1
fi

wanted=$build_packages
if [ $tests = yes ]; then
    wanted="$wanted$test_packages"
fi
missing=$(printf '%s\n' "$wanted" | while read -r package use; do
    if [ -n "$package" ] && ! installed "$package"; then
        printf '%-24s%s\n' "$package" "$use"
    fi
done)
if [ -z "$missing" ]; then
    echo "All packages are installed."
    exit 0
fi
echo "Missing packages:"
printf '%s\n' "$missing" | sed 's/^/  /'
if [ $check = yes ]; then
    exit 1
fi

names=$(printf '%s\n' "$missing" | awk '{ print $1 }')
root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "install-packages.sh: installing needs root and there is no" \
            "sudo; run this as root:" >&2
        echo "  apt-get install" $names >&2
        exit 1
    fi
    root=sudo
fi
export DEBIAN_FRONTEND=noninteractive
if ! $root apt-get -q update; then
    echo "install-packages.sh: cannot fetch the package lists, trying with" \
        "those that are there" >&2
fi
if ! $root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y install --no-install-recommends $names; then
    echo "install-packages.sh: apt-get could not install everything; what is" \
        "missing is listed above" >&2
    exit 1
fi
