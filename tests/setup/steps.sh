# Sourced by the scripts that set up and run the tests: runs a long command as one named step.
#
#   step TITLE LOG COMMAND...
#
# The command's output goes to LOG. On a terminal one line is kept up to date with the elapsed time and the last
# line of the log; elsewhere such a line is printed every STEP_INTERVAL seconds (10). When the command fails, the
# step says so with the end of the log and its place, and returns the command's exit code.
# shellcheck shell=bash

step_log_folder() {
  local folder=${XDG_CACHE_HOME:-$HOME/.cache}/netcheck/logs
  mkdir -p "$folder"
  printf '%s\n' "$folder"
}

# Prints how far a running step is: elapsed seconds and the last non-empty line of its log.
step_progress() {
  local elapsed=$1 log=$2 last width
  last=$(tail -c 4096 "$log" 2>/dev/null | tr '\r' '\n' | tr -cd '[:print:]\n' | grep -v '^ *$' | tail -n 1) || true
  if [ -t 1 ]; then
    width=$(tput cols 2>/dev/null || echo 80)
    printf '\r\033[K    %4ds  %s' "$elapsed" "${last:0:width - 12}"
  else
    printf '    %4ds  %s\n' "$elapsed" "${last:0:100}"
  fi
}

step() {
  local title=$1 log=$2 started=$SECONDS interval=${STEP_INTERVAL:-10} end pid code=0 status
  shift 2
  mkdir -p "$(dirname "$log")"
  : >"$log"
  printf '==> %s\n' "$title"
  [ -t 1 ] && interval=1
  # The subshell alone holds the pipe, which therefore ends with it: `read` is both the timer and the wait.
  exec {end}< <("$@" >"$log" 2>&1 </dev/null; exit $?)
  pid=$!
  while true; do
    status=0
    read -rt "$interval" -u "$end" || status=$?
    [ "$status" -gt 128 ] || break
    step_progress $((SECONDS - started)) "$log"
  done
  exec {end}<&-
  wait "$pid" || code=$?
  [ -t 1 ] && printf '\r\033[K'
  if [ "$code" = 0 ]; then
    printf '    done in %ds\n' $((SECONDS - started))
    return 0
  fi
  {
    printf 'FAILED after %ds: %s (exit code %s)\n' $((SECONDS - started)) "$title" "$code"
    tail -n 20 "$log" | sed 's/^/    | /'
    printf '    log: %s\n' "$log"
  } >&2
  return "$code"
}
