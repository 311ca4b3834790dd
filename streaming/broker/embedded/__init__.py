"""The lab's own log server: the Kafka protocol in pure asyncio. It is not Apache Kafka.

It speaks the protocol's older versions to any Kafka client on this machine, keeps topics
as files that survive `kill -9`, and leaves out what a lab does not need: replication,
transactions, access control. Start it with `python -m streaming.broker.embedded --help`, or from
code through `server.serve` (blocking) and `server.run_broker` (a coroutine).

Durability: a record is acknowledged once the operating system has it. The death of the process
loses nothing; a power cut may lose what the system had not written yet (there is no fsync per
request).
"""
