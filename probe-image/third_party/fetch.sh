# Sourced by build: unpacks a pinned source. Two registries, each through its own client, both of
# which never change a published version: Debian 12's source packages and Rust's crates.

# fetch_crate FOLDER PACKAGE VERSION SUBFOLDER DEST: FOLDER/Cargo.lock pins the crate; SUBFOLDER of it
# holds the C project. (`cargo vendor` before 1.86 leaves files of a crate out.)
fetch_crate() {
  local crate sha256
  command -v cargo >/dev/null || fail "needs cargo 1.78 or newer (Debian: cargo-web)"
  cargo fetch --locked --quiet --manifest-path "$1/Cargo.toml"
  crate=$(find "${CARGO_HOME:-$HOME/.cargo}/registry/cache" -name "$2-$3.crate" -print -quit)
  [ -n "$crate" ] || fail "Cargo.lock has no $2 $3, which sources.txt names"
  sha256=$(grep -A 3 -Fx "name = \"$2\"" "$1/Cargo.lock" | sed -n 's/^checksum = "\(.*\)"$/\1/p')
  echo "$sha256  $crate" | sha256sum --check --quiet
  mkdir "$5"
  tar -xzf "$crate" -C "$5" --strip-components=2 "$2-$3/$4"
}

# fetch_debian PACKAGE VERSION SHA256 DEST
fetch_debian() {
  local apt=$cache/apt tarball
  tarball=$apt/sources/$3
  if [ ! -e "$tarball" ]; then
    mkdir -p "$apt/lists/partial" "$apt/sources"
    local options=(-qq -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
      -o "Dir::State::Lists=$apt/lists" -o Dir::Cache::PkgCache= -o Dir::Cache::SrcPkgCache=
      -o APT::Sandbox::User=root)
    debian_source_list >"$apt/sources.list"
    [ -s "$apt/sources.list" ] || fail "apt names no Debian 12 (bookworm): run apt-get update"
    apt-get "${options[@]}" update
    rm -rf "$4.download"
    mkdir "$4.download"
    (cd "$4.download" && apt-get "${options[@]}" source --download-only --tar-only "$1=$2")
    mv "$4.download"/*.orig.tar.* "$tarball.new"
    rm -rf "$4.download"
    echo "$3  $tarball.new" | sha256sum --check --quiet
    mv "$tarball.new" "$tarball"
  fi
  mkdir "$4"
  tar -xf "$tarball" -C "$4" --strip-components=1
}

# The source packages of the Debian 12 that this machine's apt is set up for, from the same mirror.
debian_source_list() {
  apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' 'Codename: bookworm' 'Component: main' | sort -u
}
