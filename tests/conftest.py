pytest_plugins = ["kafka_fixtures", "kafka_report"]
