"""The lab: broker, producer, consumers, windows, store and the engine. Never imports textual."""
