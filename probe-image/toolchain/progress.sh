# Sourced by the scripts that build for minutes: what they say while they work. Set $me before.

say() { echo "$me: $*" >&2; }
fail() { say "$*"; exit 1; }

# run_step WHAT LOG COMMAND...: runs COMMAND with its output in LOG and says every 15 s how long it
# has been at work and on what. If COMMAND fails, shows the end of LOG and ends the script: call it
# outside of conditions, in which bash would make COMMAND go on after errors. COMMAND has its own
# process group, so that an interrupt ends all of it.
run_step() {
  local what=$1 log=$2 pid start=$SECONDS next=$((SECONDS + 15)) code=0
  shift 2
  set -m
  ("$@") >"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  trap 'kill -- "-$pid" 2>/dev/null; exit 130' INT TERM HUP
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if ((SECONDS >= next)); then
      say "$what: $((SECONDS - start)) s $(tail -n 1 "$log" | grep -oE '[^ ]+ *$' | tail -c 60)"
      next=$((SECONDS + 15))
    fi
  done
  wait "$pid" || code=$?
  trap - INT TERM HUP
  if ((code)); then
    tail -n 20 "$log" >&2
    fail "$what failed with $code, its log: $log"
  fi
}

# lock_or_wait FILE: holds FILE's lock until file descriptor 9 is closed, by unlock or by the end of
# this script and of what it started.
lock_or_wait() {
  exec 9>"$1"
  flock -n 9 && return
  say "waiting for another build, which holds $1"
  flock 9
}

unlock() { exec 9>&-; }
