#!/usr/bin/env bash
# real_data.sh DIRECTORY - the real inputs: an online shop's year and four folders of web logs, through both
# pipelines; every figure must equal the ground truth that comes with them.
#
# DIRECTORY holds online_retail.tar.xz and web_logs.tar.xz. Nothing of it is part of this project.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
data=${1:?usage: real_data.sh DIRECTORY}
for archive in online_retail web_logs; do
    tar -xJf "$data/$archive.tar.xz" -C "$scratch" || die "cannot unpack $archive"
done

# both NAME DEFINITION INPUT TRUTH PARTITIONS WORKERS
both() {
    story "$1: $5 partitions, $6 workers"
    batch=$scratch/$1-batch.db stream=$scratch/$1-stream.db
    "$MILLRACE" etl run "workloads/$2" --in "$3" --db "$batch" || fail "$1: batch"
    "$MILLRACE" warehouse check "$batch" "$4" || fail "$1: batch = truth"
    topic=$1
    "$MILLRACE" stream publish "workloads/$2" --in "$3" --partitions "$5" --topic "$topic" --bootstrap "$bootstrap" || fail "$1: publish"
    "$MILLRACE" stream run "workloads/$2" --db "$stream" --workers "$6" --topic "$topic" --bootstrap "$bootstrap" || fail "$1: stream"
    "$MILLRACE" warehouse compare "$batch" "$stream" || fail "$1: batch = stream"
    "$MILLRACE" warehouse check "$stream" "$4" || fail "$1: stream = truth"
}

broker_start
logs=$scratch/web_logs truth=$scratch/web_logs/ground_truth
both online_retail ecommerce/online_retail.json "$scratch/online_retail/by-day" "$scratch/online_retail/ground_truth" 4 2
both nginx_default clickstream/web_logs.json "$logs/nginx_default" "$truth/nginx_default" 3 2
both apache_combined clickstream/web_logs.json "$logs/apache_combined" "$truth/apache_combined" 1 1
both apache_vhost clickstream/web_logs_vhost.json "$logs/apache_vhost" "$truth/apache_vhost" 2 1
both apache_csv2mysql clickstream/web_logs_csv.json "$logs/apache_csv2mysql" "$truth/apache_csv2mysql" 8 3
broker_stop
done_testing
