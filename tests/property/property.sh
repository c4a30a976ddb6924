#!/usr/bin/env bash
# property.sh - batch = stream = stream at any prefix = a slow reference interpreter, for random definitions and files.
#
# PROPERTY_SECONDS (60) is the time that is searched, PROPERTY_SEED (1) where: case N is made from seed N.
# The whole search of an evening: PROPERTY_SECONDS=3600 PROPERTY_SEED=$RANDOM tests/property/property.sh
cd "$(dirname "$0")/../.." || exit 2
/usr/bin/python3 tests/property/language.py --quiet || exit 1 # every name of the language is drawn
exec /usr/bin/python3 tests/property/run.py --seconds "${PROPERTY_SECONDS:-60}" --seed "${PROPERTY_SEED:-1}" \
    --program "${MILLRACE:-build/millrace}" --keep "${BUILD:-build}/property"
