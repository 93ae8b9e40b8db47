#!/usr/bin/env bash
# A newcomer's first ten minutes, as a script: install, run, look at the report, run a table of your own, see what a job
# would cost, synthesize the stack. It needs Node 20 or newer and npm, and no account, key or Docker. Its output goes
# to a temporary folder, which it removes; `examples/walk.sh <folder>` keeps the output there. SKIP_INSTALL=1 skips `npm ci`.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
  mkdir -p "$1"
  data=$(cd "$1" && pwd)
else
  data=$(mktemp -d)
  trap 'rm -rf "$data"' EXIT
fi

walk() {
  printf '\n$ %s\n' "$*"
  "$@"
}

step() {
  printf '\n# %s\n' "$*"
}

# Checks that a file has a text.
expect() {
  if ! grep -q -- "$1" "$2"; then
    echo "walk: $2 does not hold: $1" >&2
    exit 1
  fi
}

if [ -z "${SKIP_INSTALL:-}" ]; then
  step 'Install'
  walk npm ci
fi

step 'Run the ten prompts that come along'
walk npm start -- --data "$data" --out "$data/first"
expect '"status": *"succeeded"' "$data/first/summary.json"

step 'Look at the report: open it in a browser'
echo "$data/first/report.html"
expect 'Content-Security-Policy' "$data/first/report.html"

step 'Run a table of your own; the answers are made up here, so that it needs no key'
printf 'id,product,review\na1,Lamp,"Bright, and it hums."\na2,Mug,Holds coffee.\n' > "$data/mine.csv"
walk npm start -- "$data/mine.csv" --profile classify --simulate --data "$data" --out "$data/mine"
expect '"custom_id":"a1","ok":true' "$data/mine/results.jsonl"
expect '"custom_id":"a2","ok":true' "$data/mine/results.jsonl"

step 'See what it would be and cost at the provider; nothing is sent'
walk npx nightshift plan "$data/mine.csv" --profile classify

step 'Synthesize the stack, as a deploy would'
walk npm run --silent synth -- --output "$data/cdk.out"
expect 'AWS::StepFunctions::StateMachine' "$data/cdk.out/Nightshift.template.json"

printf '\nAll of it works here. docs/guide.md goes on.\n'
