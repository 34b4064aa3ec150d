# Sourced by the scripts that need other people's tools: install NAME FILE... -- COMMAND...
#
# Installs into $cache/NAME, once for each content of the files, which say what to install.
install() {
  local name=$1 files=() stamp
  shift
  while [[ $1 != -- ]]; do files+=("$1"); shift; done
  shift
  stamp=$(cat "${files[@]}" | sha256sum | cut -c1-16)
  if [[ $(cat "$cache/$name/.stamp" 2>/dev/null) != "$stamp" ]]; then
    rm -rf "${cache:?}/$name"
    mkdir -p "$cache/$name"
    cp "${files[@]}" "$cache/$name/"
    (cd "$cache/$name" && "$@")
    echo "$stamp" >"$cache/$name/.stamp"
  fi
}

python_packages() {
  python3 -m venv venv
  venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
}

npm_packages() {
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
}
