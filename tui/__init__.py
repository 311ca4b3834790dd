"""What a person sees: the command line and the screens over the lab's snapshots."""
