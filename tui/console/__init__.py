"""What the SQL console does without any screen: asking, copies, completion and history."""
