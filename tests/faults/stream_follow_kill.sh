#!/usr/bin/env bash
# stream_follow_kill.sh [SEED] - as e2e/stream_follow.sh, with kill -9 of publisher and workers at random moments.
cd "$(dirname "$0")/../.." || exit 2
exec tests/e2e/stream_follow.sh "${1:-1}" kill
