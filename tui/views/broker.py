"""The broker in words: its nodes, its replicas, what it can do and why it cannot do the rest."""

from __future__ import annotations

from streaming.lab.snapshot import BrokerView, NodeView
from tui import numbers


def broker_text(broker: BrokerView, now_ms: int) -> str:
    """Return the text for a dialog; words from outside are made safe where it is drawn."""
    since = numbers.duration((now_ms - broker.since_at_ms) / 1000)
    lines = [broker.label, f"at {broker.address}, {broker.state} for {since}"]
    lines += [broker.refused, ""] if broker.refused else [""]
    lines += [_node(node, now_ms) for node in broker.nodes] or ["No node is known yet."]
    lines += _replicas(broker)
    if broker.capabilities:
        lines += ["", "It can:"]
        lines += [f"  {c.text}" for c in broker.capabilities if c.ok]
    lacking = [c for c in broker.capabilities if not c.ok]
    if lacking:
        lines += ["", "It cannot:"]
        lines += [f"  {c.text}: {c.why}" for c in lacking]
    return "\n".join(lines)


def missing(broker: BrokerView) -> list[NodeView]:
    """Return the nodes that do not answer, the one that has been gone longest first."""
    gone = [node for node in broker.nodes if node.state == "missing"]
    return sorted(gone, key=lambda node: node.since_at_ms)


def _node(node: NodeView, now_ms: int) -> str:
    since = numbers.duration((now_ms - node.since_at_ms) / 1000)
    state = f"MISSING for {since}" if node.state == "missing" else "up"
    rack = f" in {node.rack}" if node.rack else ""
    leads = "" if node.leads is None else f", leads {node.leads} of the lab's shards"
    return f"node {node.id} at {node.address}{rack}: {state}{leads}"


def _replicas(broker: BrokerView) -> list[str]:
    if broker.behind is None or broker.leaderless is None or len(broker.nodes) < 2:
        return []
    if not broker.behind and not broker.leaderless:
        return ["All replicas are in sync."]
    return [
        f"Shards with a replica out of sync: {broker.behind}, without a leader: {broker.leaderless}"
    ]
