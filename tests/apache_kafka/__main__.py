"""`make kafka`: a real Apache Kafka cluster in the foreground, until ctrl+c."""

from __future__ import annotations

import argparse
import signal
import sys
import time

import kafka_jars
from kafka_cluster import KafkaCluster, KafkaFailed
from kafka_security import MECHANISMS, PASSWORD, SCRAM, USER

EPILOG = """examples:
  make kafka                                  three nodes, three replicas
  make kafka ARGS="--nodes 1"                 one node
  make kafka ARGS="--set log.retention.ms=60000 --set auto.create.topics.enable=false"
  make kafka ARGS="--fetch"                   only fetch the jars (44 MB, once)

Each start is a new, empty cluster; its data goes when it stops."""


def main() -> int:
    """Run what the command line asks for; 2 when it cannot be had."""
    options = _arguments()
    cluster = KafkaCluster(
        options.nodes, properties=dict(options.properties), heap=f"{options.heap}m"
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        folder = kafka_jars.jars()
        kafka_jars.java()
        if options.fetch:
            print(f"Apache Kafka {kafka_jars.version(folder)} is in {folder}")
            return 0
        print("starting (10 to 20 s) ...", flush=True)
        with cluster:
            print(_told(cluster), flush=True)
            return _until_a_node_ends(cluster)
    except KeyboardInterrupt:
        print("\nstopped; nothing is left of it")
        return 0
    except (kafka_jars.KafkaUnavailable, KafkaFailed) as error:
        print(f"Apache Kafka cannot run here: {error}", file=sys.stderr)
        return 2


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make kafka",
        description="Apache Kafka (KRaft) on loopback ports of this machine, without Docker.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--nodes", type=int, choices=range(1, 6), default=3, metavar="1-5")
    parser.add_argument("--heap", type=int, default=320, metavar="MIB", help="of each node")
    parser.add_argument(
        "--set",
        dest="properties",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a line for every node's server.properties; may be repeated",
    )
    parser.add_argument("--fetch", action="store_true", help="only fetch the jars")
    return parser.parse_args()


def _setting(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _told(cluster: KafkaCluster) -> str:
    """Everything a client must know, for people."""
    files = cluster.certificates
    ways = {
        "PLAINTEXT": cluster.bootstrap,
        "TLS": cluster.security("SSL").bootstrap,
        "TLS, client certificate demanded": cluster.security("MTLS").bootstrap,
        f"TLS and SASL ({', '.join(MECHANISMS)})": cluster.security("PLAIN").bootstrap,
        f"SASL ({', '.join(SCRAM)})": cluster.security(SCRAM[0], tls=False).bootstrap,
    }
    lines = [f"{cluster.name} is up", ""]
    for way, addresses in ways.items():
        lines += [way, f"    {addresses}"]
    lines += [
        "",
        f"user {USER}, password {PASSWORD} (OAUTHBEARER takes any unsigned token)",
        f"authority    {files.ca}",
        f"client       {files.client}",
        f"client key   {files.client_key}",
        f"logs         {cluster.folder}/node-*.log",
        "",
        "the lab on it, in another terminal:",
        f"    dasprep-tui --bootstrap {cluster.bootstrap}",
        "",
        f"processes    {' '.join(f'{at}:{pid}' for at, pid in cluster.pids.items())}",
        "ctrl+c stops it",
    ]
    return "\n".join(lines)


def _until_a_node_ends(cluster: KafkaCluster) -> int:
    """Report nodes that end; return when none is left."""
    running = cluster.pids
    while running:
        time.sleep(0.5)
        for at in running.keys() - cluster.pids.keys():
            print(f"node {at} has ended; see {cluster.nodes[at].log}", flush=True)
        running = cluster.pids
    return 1


if __name__ == "__main__":
    sys.exit(main())
