"""What the lab's follower tells the app."""

from __future__ import annotations

from textual.message import Message

from streaming.lab.link import LinkLost
from streaming.lab.snapshot import LabSnapshot


class LabNews(Message, bubble=False):
    """The newest state; an older one still waiting in the queue is dropped."""

    def __init__(self, news: LabSnapshot | LinkLost) -> None:
        super().__init__()
        self.news = news

    def can_replace(self, message: Message) -> bool:
        """Let the newest take the place of one that was not handled yet."""
        return isinstance(message, LabNews)
