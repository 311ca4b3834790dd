"""The lab: broker, producer, consumers, windows, store and the engine that runs them. Never imports textual."""
