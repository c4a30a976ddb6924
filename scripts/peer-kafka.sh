#!/usr/bin/env bash
# Apache Kafka 4.2.0 beside us: one broker that is its own controller, on free ports of the loopback.
#
#     scripts/peer-kafka.sh DIR start     fetches it into DIR/lib (Maven Central, once), formats DIR/data, starts it,
#                                         waits until it serves and prints "HOST:PORT PID"
#     scripts/peer-kafka.sh DIR stop      stops it and removes DIR/data; DIR/lib stays
#
# KAFKA_LIB=FOLDER: jars that are there already. KAFKA_HEAP=1g. Needs Java 17, and Maven unless KAFKA_LIB is set.
# All settings are Kafka's defaults but for the ones in settings() below.
set -eu
dir=${1:?usage: scripts/peer-kafka.sh DIR start|stop}
verb=${2:?usage: scripts/peer-kafka.sh DIR start|stop}
version=4.2.0
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
lib=${KAFKA_LIB:-$dir/lib}

fetch() {
    ls "$lib"/kafka_2.13-$version.jar >/dev/null 2>&1 && return
    mkdir -p "$dir/pom"
    cat >"$dir/pom/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>peer</groupId><artifactId>peer</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
    (cd "$dir/pom" && mvn -q -B dependency:copy-dependencies -DoutputDirectory="$lib") >&2
}

free_ports() { # two of them
    python3 - <<'PY'
import socket
a, b = socket.socket(), socket.socket()
a.bind(("127.0.0.1", 0)); b.bind(("127.0.0.1", 0))
print(a.getsockname()[1], b.getsockname()[1])
PY
}

settings() { # PORT CONTROLLER_PORT
    cat <<CONF
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2
advertised.listeners=PLAINTEXT://127.0.0.1:$1
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$2
log.dirs=$dir/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
CONF
}

start() {
    fetch
    [ ! -f "$dir/pid" ] || { echo "already started: $dir/pid" >&2; exit 1; }
    read -r port controller <<<"$(free_ports)"
    rm -rf "$dir/data"
    settings "$port" "$controller" >"$dir/server.properties"
    java -cp "$lib/*" kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qk -c "$dir/server.properties" >"$dir/format.log" 2>&1
    setsid java "-Xmx${KAFKA_HEAP:-1g}" "-Xms${KAFKA_HEAP:-1g}" -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
        -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true \
        -cp "$lib/*" kafka.Kafka "$dir/server.properties" >"$dir/kafka.log" 2>&1 </dev/null &
    pid=$!
    echo "$pid" >"$dir/pid"
    for _ in $(seq 600); do
        if ! kill -0 "$pid" 2>/dev/null; then
            tail -20 "$dir/kafka.log" >&2
            rm -f "$dir/pid"
            exit 1
        fi
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "127.0.0.1:$port $pid"
            return
        fi
        sleep 0.1
    done
    echo "not ready within a minute: $dir/kafka.log" >&2
    exit 1
}

stop() {
    [ -f "$dir/pid" ] || return 0
    pid=$(cat "$dir/pid")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 300); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    rm -rf "$dir/pid" "$dir/data"
}

case $verb in
start) start ;;
stop) stop ;;
*) echo "usage: scripts/peer-kafka.sh DIR start|stop" >&2; exit 2 ;;
esac
